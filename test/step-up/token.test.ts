import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Store } from '../../lib/stores/contract/store.js';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';
import { forRules } from '../support/stores.js';
import { answer, begin, confirm, copyOf, type StepUpApp, stepUp, stepUpApp, verify } from './app.js';
import { fakeCode, fakeKey } from './fake-methods.js';

const COOKIE = '__Host-session';
const STEP_UPS = 50;

const key = fakeKey();
const code = fakeCode();
const methods = [key, code];

const tokenOf = (browser: Browser): string => browser.cookies.get(COOKIE) ?? assert.fail('no cookie');

async function sessionIds(store: Store, { clock }: StepUpApp): Promise<readonly string[]> {
  const rows = await store.sessions.list({ limit: 10, after: null, now: clock.now() });
  return rows.map(({ id }) => id);
}

/** What the browser may do now. */
async function stateOf(browser: Browser): Promise<'elevated' | 'signed in' | 'signed out'> {
  const { status } = await browser.post('/key');
  if (status === 200) return 'elevated';
  return (await browser.get('/me')).status === 200 ? 'signed in' : 'signed out';
}

forRules((_name, makeStore) => {
  describe('the session token at a step-up', () => {
    it(`is replaced each of ${STEP_UPS} times, on one row with one id`, async () => {
      const store = await makeStore();
      const app = stepUpApp({ methods, store });
      const browser = await app.signIn();
      const before = await sessionIds(store, app);
      assert.equal(before.length, 1);
      const tokens = new Set([tokenOf(browser)]);
      for (let count = 0; count < STEP_UPS; count += 1) {
        await stepUp(browser, code);
        tokens.add(tokenOf(browser));
      }
      assert.equal(tokens.size, STEP_UPS + 1);
      assert.deepEqual(await sessionIds(store, app), before);
      assert.equal((await browser.get('/me')).body.session.id, before[0]);
    });

    it('is no good for a guard any more once it is replaced, whatever comes later', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      const browser = await app.signIn('ada', { method: 'key' });
      const copied = copyOf(browser, app.app);
      assert.equal(await stateOf(copied), 'elevated');
      await stepUp(browser, key);
      assert.equal(await stateOf(copied), 'signed in');
      await confirm(app, browser);
      assert.equal(await stateOf(copied), 'signed in');
      app.clock.advance('10s');
      assert.equal(await stateOf(copied), 'signed out');
      for (let count = 0; count < 3; count += 1) {
        await stepUp(browser, code);
        assert.equal(await stateOf(copied), 'signed out');
      }
      assert.equal(await stateOf(browser), 'elevated');
    });

    it('dies at once with the step-up after the next', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      const browser = await app.signIn();
      const copied = copyOf(browser, app.app);
      await stepUp(browser, key);
      assert.equal(await stateOf(copied), 'signed in');
      await stepUp(browser, key);
      assert.equal(await stateOf(copied), 'signed out');
    });

    it('dies with the first use of the next one where there is no overlap', async () => {
      const app = stepUpApp({ methods, store: await makeStore(), tokenOverlap: 0 });
      const browser = await app.signIn();
      const copied = copyOf(browser, app.app);
      await stepUp(browser, key);
      assert.equal(await stateOf(copied), 'signed in'); // the answer may have been lost
      await confirm(app, browser);
      assert.equal(await stateOf(copied), 'signed out');
    });

    it('is kept by a step-up that fails and by one that is only verified', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      const browser = await app.signIn('ada', { method: 'key' });
      const token = tokenOf(browser);
      assertRefused(await verify(browser, 'code', {}), 403, 'step_up_failed');
      await begin(browser, 'key', 'verify-only');
      assert.equal(tokenOf(browser), token);
      assert.equal(await stateOf(browser), 'elevated');
    });
  });

  describe('the answer to a step-up that never arrives', () => {
    it('leaves the old cookie signed in without the proof, and the next step-up succeeds', async () => {
      const store = await makeStore();
      const app = stepUpApp({ methods, store });
      const browser = await app.signIn();
      await stepUp(copyOf(browser, app.app), key); // whose cookie nobody keeps
      app.clock.advance('1h');
      assert.equal(await stateOf(browser), 'signed in');
      await stepUp(browser, key);
      assert.equal(await stateOf(browser), 'elevated');
      assert.equal((await sessionIds(store, app)).length, 1);
    });

    it('may do so again and again, while every other one arrives', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      const browser = await app.signIn();
      for (let turn = 0; turn < 4; turn += 1) {
        await stepUp(copyOf(browser, app.app), key);
        await app.auth.flush();
        assert.equal(await stateOf(browser), 'signed in');
        await stepUp(browser, key);
        assert.equal(await stateOf(browser), 'elevated');
      }
    });

    it('signs out whom it happens to twice in a row, and ends no session', async () => {
      const store = await makeStore();
      const app = stepUpApp({ methods, store });
      const browser = await app.signIn();
      const answered = [copyOf(browser, app.app), copyOf(browser, app.app)] as const;
      for (const lost of answered) await stepUp(lost, key);
      assert.equal(await stateOf(browser), 'signed out');
      assert.equal(await stateOf(answered[1]), 'elevated');
      assert.equal((await sessionIds(store, app)).length, 1);
    });

    it('can be found by nobody with its proof once the retry has succeeded, and opens no second session', async () => {
      const store = await makeStore();
      const app = stepUpApp({ methods, store });
      const browser = await app.signIn();
      const lost = copyOf(browser, app.app);
      await stepUp(lost, key);
      await stepUp(browser, code);
      assert.equal(await stateOf(lost), 'signed in');
      assert.equal(await stateOf(browser), 'signed in'); // which hasn't proved the key itself
      assert.equal((await browser.post('/code')).status, 200);
      await confirm(app, browser);
      app.clock.advance('10s');
      assert.equal(await stateOf(lost), 'signed out');
      assert.equal((await sessionIds(store, app)).length, 1);
    });

    it('can be one that was on its way from a process with a newer secret', async () => {
      const store = await makeStore();
      const older = stepUpApp({
        methods,
        store,
        secret: ['the secret of yesterday, which was long', 'the next, also long enough for this'],
      });
      const newer = stepUpApp({
        methods,
        store: { ...store, close: async () => {} },
        secret: ['the next, also long enough for this', 'the secret of yesterday, which was long'],
      });
      const browser = await older.signIn();
      await stepUp(copyOf(browser, newer.app), key);
      await stepUp(browser, key);
      assert.equal(await stateOf(browser), 'elevated');
      assert.equal(await stateOf(copyOf(browser, newer.app)), 'elevated');
    });
  });

  describe('two tabs that step up at once', () => {
    it('are both signed in, and one of them is elevated, whichever answer comes last', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      const browser = await app.signIn();
      const tabs = [copyOf(browser, app.app), copyOf(browser, app.app)];
      const begun = await Promise.all(tabs.map((tab) => begin(tab, 'key')));
      const answers = tabs.map((tab, index) => {
        const { challengeId, options } = begun[index] ?? assert.fail();
        return verify(tab, 'key', key.right(options), challengeId);
      });
      for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
      const states = await Promise.all(tabs.map(stateOf));
      assert.deepEqual(states.toSorted(), ['elevated', 'signed in']);
      const other = tabs[states.indexOf('signed in')] ?? assert.fail();
      await stepUp(other, key);
      assert.equal(await stateOf(other), 'elevated');
    });

    it('are both signed in with two methods as well, each with its own proof at most', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      const browser = await app.signIn();
      const tabs = [copyOf(browser, app.app), copyOf(browser, app.app)] as const;
      const answers = await Promise.all([answer(tabs[0], key), answer(tabs[1], code)]);
      for (const { status } of answers) assert.equal(status, 200);
      for (const tab of tabs) assert.notEqual(await stateOf(tab), 'signed out');
      assert.equal((await tabs[0].post('/code')).status, 401);
      assert.equal((await tabs[1].post('/key')).status, 401);
      const isKeyLater = (await tabs[0].post('/key')).status === 200;
      const [later, other] = isKeyLater ? [tabs[0], code] : [tabs[1], key];
      await stepUp(later, other);
      for (const path of ['/key', '/code']) assert.equal((await later.post(path)).status, 200);
    });

    it('are both signed in one after the other as well', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      const browser = await app.signIn();
      const first = copyOf(browser, app.app);
      const second = copyOf(browser, app.app);
      await stepUp(first, key);
      await stepUp(second, key);
      assert.deepEqual(await Promise.all([first, second].map(stateOf)), ['signed in', 'elevated']);
      await stepUp(first, key); // now it is the other's turn
      assert.deepEqual(await Promise.all([first, second].map(stateOf)), ['elevated', 'signed in']);
    });

    it('need the new token once one of them has used it, which they share', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      const browser = await app.signIn();
      const late = copyOf(browser, app.app);
      await stepUp(browser, key);
      await confirm(app, browser);
      const { status, body } = await late.post('/auth/step-up/options', { body: { method: 'key' } });
      assert.deepEqual([status, body.code], [401, 'session_invalid']);
      await stepUp(copyOf(browser, app.app), key); // both tabs have one jar
    });
  });
});
