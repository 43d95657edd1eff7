import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';
import { forRules } from '../support/stores.js';
import { answer, begin, confirm, copyOf, type StepUpApp, stepUp, stepUpApp, verify } from './app.js';
import { type FakeMethod, fakeCode, fakeKey, WRONG } from './fake-methods.js';

const WINDOW = 15 * 60_000;

/** Answers wrongly, to a challenge where the method has a ceremony. */
async function fail(browser: Browser, method: FakeMethod): Promise<Response> {
  const challengeId = method.begin === undefined ? undefined : (await begin(browser, method.name)).challengeId;
  return verify(browser, method.name, WRONG, challengeId);
}

/** Fails that many times, and is heard each time. */
async function failTimes(times: number, browser: Browser, method: FakeMethod): Promise<void> {
  for (let count = 0; count < times; count += 1) assertRefused(await fail(browser, method), 403, 'step_up_failed');
}

/** That even the right answer isn't heard, for so many milliseconds. */
async function assertLocked(browser: Browser, method: FakeMethod, remaining: number): Promise<void> {
  const response = await answer(browser, method);
  assertRefused(response, 429, 'method_locked');
  assert.equal(response.headers['retry-after'], String(Math.ceil(remaining / 1_000)));
}

/** Fails until 20 failures of the user's are counted, from as many sessions as that takes. */
async function useUp(app: StepUpApp, method: FakeMethod, failures = 20): Promise<void> {
  for (let left = failures; left > 0; left -= 5) await failTimes(Math.min(left, 5), await app.signIn(), method);
}

forRules((_name, makeStore) => {
  const key = fakeKey();
  const code = fakeCode();
  const word = fakeCode('word');
  const methods = [key, code, word];
  const rules = {};

  describe('the attempts of a session', () => {
    for (const method of [key, code]) {
      it(`are five with one method in 15 minutes: ${method.name}`, async () => {
        const app = stepUpApp({ methods, rules, store: await makeStore() });
        const browser = await app.signIn();
        const first = app.clock.now();
        await failTimes(4, browser, method);
        app.clock.advance('10m');
        await failTimes(1, browser, method);
        await assertLocked(browser, method, WINDOW - 600_000);
        app.clock.set(first + WINDOW - 1);
        await assertLocked(browser, method, 1);
        app.clock.set(first + WINDOW);
        await stepUp(browser, method);
      });
    }

    it('are told from those of the user’s other sessions and of other users', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      const browser = await app.signIn();
      const others = [await app.signIn(), await app.signIn('bea')];
      await failTimes(5, browser, code);
      await assertLocked(browser, code, WINDOW);
      for (const other of others) await stepUp(other, code);
    });

    it('are told from those with another method', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      const browser = await app.signIn();
      await failTimes(5, browser, code);
      await stepUp(browser, word);
      await assertLocked(browser, code, WINDOW);
    });

    it('begin anew after a success, and that doesn’t count', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      const browser = await app.signIn();
      for (let turn = 0; turn < 4; turn += 1) {
        await failTimes(4, browser, code);
        await stepUp(browser, code);
      }
      for (let turn = 0; turn < 6; turn += 1) await stepUp(browser, code);
      await failTimes(4, browser, code);
    });

    it('stay counted across step-ups with another method and new tokens', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      const browser = await app.signIn();
      for (let turn = 0; turn < 5; turn += 1) {
        await failTimes(1, browser, code);
        await stepUp(browser, key);
      }
      await assertLocked(browser, code, WINDOW);
    });

    it('are counted by the previous token as well', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      const browser = await app.signIn();
      const old = copyOf(browser, app.app);
      await failTimes(2, browser, code);
      await stepUp(browser, key);
      await failTimes(3, old, code);
      await assertLocked(old, code, WINDOW);
      await assertLocked(browser, code, WINDOW);
    });

    it('end it at the tenth failure in a row, whatever the methods', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      const browser = await app.signIn();
      const { session } = (await browser.get('/me')).body;
      const other = await app.signIn();
      await failTimes(5, browser, code);
      await failTimes(4, browser, key);
      assert.equal((await browser.get('/me')).status, 200);
      await failTimes(1, browser, key);
      assertRefused(await browser.get('/me'), 401, 'session_invalid');
      assert.deepEqual(app.told('session.revoked'), [
        { type: 'session.revoked', userId: 'ada', sessionId: session.id, by: 'attempts' },
      ]);
      assert.equal((await other.get('/me')).status, 200);
    });

    it('end it however slowly they come', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      const browser = await app.signIn();
      for (let turn = 0; turn < 9; turn += 1) {
        await failTimes(1, browser, code);
        app.clock.advance('1d');
        await confirm(app, browser);
      }
      await failTimes(1, browser, code);
      assertRefused(await browser.get('/me'), 401, 'session_invalid');
    });

    it('don’t end it when there was a success among them', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      const browser = await app.signIn();
      await failTimes(5, browser, code);
      await failTimes(4, browser, word);
      await stepUp(browser, key);
      await failTimes(5, browser, key);
      assert.equal((await browser.get('/me')).status, 200);
    });
  });

  describe('the attempts of a user', () => {
    it('are twenty with a method that can be guessed in 15 minutes, over all sessions', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      const first = app.clock.now();
      await useUp(app, code);
      app.clock.advance('10m');
      const fresh = await app.signIn();
      await assertLocked(fresh, code, WINDOW - 600_000);
      await stepUp(fresh, word);
      await stepUp(await app.signIn('bea'), code);
      app.clock.set(first + WINDOW - 1);
      await assertLocked(await app.signIn(), code, 1);
      app.clock.set(first + WINDOW);
      await stepUp(await app.signIn(), code);
    });

    it('aren’t limited with a method that nobody can guess', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      for (let turn = 0; turn < 21; turn += 1) await failTimes(5, await app.signIn(), key);
      await stepUp(await app.signIn(), key);
    });

    it('are given back by a success, but only that one', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      await useUp(app, code, 19);
      for (let turn = 0; turn < 3; turn += 1) await stepUp(await app.signIn(), code);
      await failTimes(1, await app.signIn(), code);
      await assertLocked(await app.signIn(), code, WINDOW);
    });

    it('begin anew when the app unlocks the method', async () => {
      const app = stepUpApp({ methods, rules, store: await makeStore() });
      await useUp(app, code);
      await assertLocked(await app.signIn(), code, WINDOW);
      await app.auth.methods.unlock('ada', 'word');
      await assertLocked(await app.signIn(), code, WINDOW);
      await app.auth.methods.unlock('ada', 'code');
      await stepUp(await app.signIn(), code);
      assert.deepEqual(app.told('method.unlocked'), [
        { type: 'method.unlocked', userId: 'ada', method: 'word' },
        { type: 'method.unlocked', userId: 'ada', method: 'code' },
      ]);
    });
  });
});
