import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { Browser } from '../support/browser.js';
import { forEachStore } from '../support/stores.js';
import { answer, begin, copyOf, stepUp, stepUpApp, verify } from './app.js';
import { fakeCode, fakeKey, WRONG } from './fake-methods.js';

const MANY = 50;
const key = fakeKey();
const code = fakeCode();

/** The statuses of many requests that are sent at once, each from a jar of its own. */
async function atOnce(
  send: (index: number) => Promise<Response>,
  times = MANY,
): Promise<Readonly<Record<number, number>>> {
  const responses = await Promise.all(Array.from({ length: times }, (_, index) => send(index)));
  const counts: Record<number, number> = {};
  for (const { status } of responses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

forEachStore((_name, makeStore) => {
  describe(`${MANY} requests at once`, () => {
    it('answer one challenge: one of them succeeds', async () => {
      const app = stepUpApp({ methods: [key, code], store: await makeStore() });
      const browser = await app.signIn();
      const { challengeId, options } = await begin(browser, 'key');
      const asked = key.asked.length;
      const send = () => verify(copyOf(browser, app.app), 'key', key.right(options), challengeId);
      assert.deepEqual(await atOnce(send), { 200: 1, 403: MANY - 1 });
      assert.equal(key.asked.length, asked + 1);
      assert.equal(app.told('step-up.succeeded').length, 1);
    });

    it('guess: five of a session’s are looked at', async () => {
      const app = stepUpApp({ methods: [key, code], store: await makeStore() });
      const browser = await app.signIn();
      const asked = code.asked.length;
      const send = () => verify(copyOf(browser, app.app), 'code', WRONG);
      assert.deepEqual(await atOnce(send), { 403: 5, 429: MANY - 5 });
      assert.equal(code.asked.length, asked + 5);
    });

    it('guess from ten sessions: twenty of the user’s are looked at', async () => {
      const app = stepUpApp({ methods: [key, code], store: await makeStore() });
      const browsers: Browser[] = [];
      while (browsers.length < 10) browsers.push(await app.signIn());
      const asked = code.asked.length;
      const send = (index: number) => verify(browsers[index % 10] ?? assert.fail(), 'code', WRONG);
      assert.deepEqual(await atOnce(send), { 403: 20, 429: MANY - 20 });
      assert.equal(code.asked.length, asked + 20);
    });

    it('guess with two methods: the session ends at the tenth', async () => {
      const app = stepUpApp({ methods: [key, code], store: await makeStore() });
      const browser = await app.signIn();
      const challenges: string[] = [];
      while (challenges.length < 16) challenges.push((await begin(browser, 'key')).challengeId);
      const asked = key.asked.length + code.asked.length;
      const send = (index: number) => {
        const challengeId = challenges[index];
        return verify(copyOf(browser, app.app), challengeId === undefined ? 'code' : 'key', WRONG, challengeId);
      };
      await atOnce(send);
      assert.equal(key.asked.length + code.asked.length, asked + 10);
      assert.equal((await browser.get('/me')).status, 401);
    });

    it('step up, each with its own challenge: two succeed, and the later of them is elevated, on one session', async () => {
      const store = await makeStore();
      const app = stepUpApp({ methods: [key, code], store });
      const browser = await app.signIn();
      const begun = await Promise.all(Array.from({ length: 5 }, () => begin(browser, 'key')));
      const tabs = begun.map(() => copyOf(browser, app.app));
      const send = (index: number) => {
        const { challengeId, options } = begun[index] ?? assert.fail();
        return verify(tabs[index] ?? assert.fail(), 'key', key.right(options), challengeId);
      };
      // The second brings what is the previous token by then; to the third it is unknown.
      assert.deepEqual(await atOnce(send, 5), { 200: 2, 401: 3 });
      const cookies = new Set(tabs.map((tab) => tab.cookieHeader()));
      assert.equal(cookies.delete(browser.cookieHeader()), true);
      assert.equal(cookies.size, 2);
      const passed = await Promise.all(tabs.map(async (tab) => (await tab.post('/key')).status));
      assert.equal(passed.filter((status) => status === 200).length, 1);
      assert.equal((await store.sessions.list({ limit: 9, after: null, now: app.clock.now() })).length, 1);
    });
  });

  describe('a step-up at the same time as', () => {
    const ends = {
      'a sign-out': async (browser) => (await browser.post('/auth/logout')).status === 204,
      'a revocation': (_browser, id, revoke) => revoke(id),
      // Refused where the step-up came first: this is the previous token then, which ends nothing.
      'the end of all sessions': async (browser) => (await browser.delete('/auth/sessions')).status === 204,
    } satisfies Record<
      string,
      (browser: Browser, id: string, revoke: (id: string) => Promise<boolean>) => Promise<boolean>
    >;

    for (const [what, end] of Object.entries(ends)) {
      it(`${what} leaves nobody signed in`, async () => {
        const app = stepUpApp({ methods: [key, code], store: await makeStore() });
        for (let turn = 0; turn < 5; turn += 1) {
          app.clock.advance('1s'); // so that the sign-in is later than the last end of all sessions
          const browser = await app.signIn();
          const { id } = (await browser.get('/me')).body.session;
          const stepping = copyOf(browser, app.app);
          const ending = end(copyOf(browser, app.app), id, app.auth.sessions.revoke);
          const [{ status }, isEnded] = await Promise.all([answer(stepping, code), ending]);
          assert.ok(status === 200 || status === 401, String(status));
          assert.ok(isEnded || what === 'the end of all sessions');
          for (const tab of [stepping, browser]) assert.equal((await tab.get('/me')).status, isEnded ? 401 : 200);
        }
      });
    }

    it('the dropping of all proofs leaves the browser signed in', async () => {
      const app = stepUpApp({ methods: [key, code], store: await makeStore() });
      for (let turn = 0; turn < 5; turn += 1) {
        const browser = await app.signIn('ada', { method: 'key' });
        const tab = copyOf(browser, app.app);
        await Promise.all([answer(browser, code), tab.delete('/auth/step-up')]);
        assert.equal((await browser.get('/me')).status, 200);
        assert.equal((await browser.post('/key')).status, 401); // the older proof is gone in any case
        await stepUp(browser, key);
      }
    });

    it('a flush of touches keeps its proof', async () => {
      const app = stepUpApp({ methods: [key, code], store: await makeStore() });
      const browser = await app.signIn();
      for (let turn = 0; turn < 5; turn += 1) {
        app.clock.advance('6m');
        await browser.get('/me');
        await Promise.all([stepUp(browser, key), app.auth.flush()]);
        assert.equal((await browser.post('/key')).status, 200);
        await app.auth.flush();
        assert.equal((await browser.post('/key')).status, 200);
      }
    });
  });
});
