import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { faultyStore } from '../support/faulty-store.js';
import { type TestInstanceOptions, testInstance } from '../support/instance.js';
import { forRules } from '../support/stores.js';

const DAY = 86_400_000;
const onFire = () => Promise.reject(new Error('The store is on fire.'));

async function arrange(makeStore: () => Promise<Store>, options: TestInstanceOptions = {}) {
  const store = faultyStore(await makeStore());
  const instance = testInstance({ ...options, store });
  const app = testApp(instance.auth);
  const browser = new Browser(app.app);
  const { session } = await browser.signIn();
  return { ...instance, ...app, store, browser, session };
}

forRules((_name, makeStore) => {
  describe('a session that is seen', () => {
    it('is live a millisecond before its idle end and over at it', async () => {
      const { browser, clock, session, store } = await arrange(makeStore);
      store.replace('touch', onFire); // so that nothing slides
      clock.set(session.idleExpiresAt - 1);
      assert.equal((await browser.get('/me')).status, 200);
      clock.set(session.idleExpiresAt);
      assertRefused(await browser.get('/me'), 401, 'session_invalid');
    });

    it('slides its idle end, and is live a millisecond before the new one and over at it', async () => {
      const { auth, browser, clock, session } = await arrange(makeStore);
      clock.set(session.idleExpiresAt - 1);
      await browser.get('/me');
      await auth.flush();
      const seen = await auth.sessions.get(session.id);
      assert.equal(seen?.lastSeenAt, clock.now());
      assert.equal(seen.idleExpiresAt, clock.now() + 7 * DAY);
      clock.set(seen.idleExpiresAt - 1);
      assert.equal((await browser.get('/me')).status, 200);
      clock.set(seen.idleExpiresAt);
      assertRefused(await browser.get('/me'), 401, 'session_invalid');
    });

    it('every day for a month is live a millisecond before its absolute end and over at it', async () => {
      const { auth, browser, clock, session } = await arrange(makeStore);
      for (let day = 0; day < 29; day += 1) {
        clock.advance('1d');
        assert.equal((await browser.get('/me')).status, 200);
        await auth.flush();
      }
      assert.equal((await auth.sessions.get(session.id))?.idleExpiresAt, session.expiresAt);
      clock.set(session.expiresAt - 1);
      assert.equal((await browser.get('/me')).status, 200);
      await auth.flush();
      clock.set(session.expiresAt);
      assertRefused(await browser.get('/me'), 401, 'session_invalid');
      assert.deepEqual((await auth.sessions.listForUser('ada')).sessions, []);
    });

    it('is written once an interval', async () => {
      const { auth, browser, clock, store, session } = await arrange(makeStore);
      for (const [seconds, writes] of [
        [59.999, 0],
        [0.001, 1],
        [59.999, 1],
        [0.001, 2],
      ] as const) {
        clock.advance(seconds);
        for (let time = 0; time < 3; time += 1) await browser.get('/me');
        await auth.flush();
        assert.equal(store.calls.filter((call) => call === 'touch').length, writes);
      }
      assert.equal((await auth.sessions.get(session.id))?.lastSeenAt, clock.now());
    });

    it("is seen by every guard, by stepgate's own routes and by nobody else", async () => {
      const { auth, browser, clock, session } = await arrange(makeStore);
      for (const path of ['/me', '/maybe', '/auth/session', '/auth/sessions']) {
        clock.advance('1m');
        await browser.get(path);
        await auth.flush();
        assert.equal((await auth.sessions.get(session.id))?.lastSeenAt, clock.now(), path);
      }
      const lastSeenAt = clock.now();
      clock.advance('1m');
      await auth.sessions.listForUser('ada');
      await browser.get('/me', { headers: { Cookie: `__Host-access=x; ${browser.cookieHeader()}` } });
      await auth.flush();
      assert.equal((await auth.sessions.get(session.id))?.lastSeenAt, lastSeenAt);
    });

    it('is what it was while its clock goes back by as much as two machines may differ', async () => {
      const { auth, browser, clock, session } = await arrange(makeStore);
      clock.set(session.createdAt - 5_000);
      assert.equal((await browser.get('/me')).status, 200);
      await auth.flush();
      assert.deepEqual(await auth.sessions.get(session.id), session);
    });

    it('was made just now where its clock goes back by more, and lives as long from then', async () => {
      const { auth, browser, clock, session } = await arrange(makeStore);
      clock.set(session.createdAt - 3_600_000);
      assert.equal((await browser.get('/me')).status, 200);
      await auth.flush();
      const now = clock.now();
      const times = { createdAt: now, authenticatedAt: now, lastSeenAt: now };
      const ends = { idleExpiresAt: now + 7 * DAY, expiresAt: now + 30 * DAY };
      assert.deepEqual(await auth.sessions.get(session.id), { ...session, ...times, ...ends });
    });
  });

  describe('a touch that is written late', () => {
    it('revives no session that was revoked meanwhile, however that was done', async () => {
      const ends: Readonly<Record<string, (scene: Awaited<ReturnType<typeof arrange>>) => Promise<unknown>>> = {
        'by its user': ({ browser, session }) => browser.delete(`/auth/sessions/${session.id}`),
        'with all of its user': ({ auth }) => auth.sessions.revokeAllForUser('ada'),
        'by a log-out': ({ browser }) => browser.post('/auth/logout'),
        'by a sign-in': ({ browser }) => browser.signIn({ userId: 'bob' }),
      };
      for (const [how, end] of Object.entries(ends)) {
        const scene = await arrange(makeStore);
        const { auth, browser, clock, session } = scene;
        const headers = { Cookie: browser.cookieHeader() };
        clock.advance('1h');
        await browser.get('/me');
        await end(scene);
        await auth.flush();
        assertRefused(await browser.get('/me', { headers }), 401, 'session_invalid');
        assert.equal(await auth.sessions.get(session.id), null, how);
        assert.deepEqual((await auth.sessions.listForUser('ada')).sessions, [], how);
      }
    });

    it('revives no session that was revoked while it was on its way to the store', async () => {
      const { auth, browser, clock, store, session } = await arrange(makeStore);
      clock.advance('1h');
      await browser.get('/me');
      store.replace('touch', async (run) => {
        await auth.sessions.revoke(session.id);
        return run();
      });
      await auth.flush();
      assertRefused(await browser.get('/me'), 401, 'session_invalid');
      assert.equal(await auth.sessions.get(session.id), null);
    });

    it('revives no session that has expired meanwhile', async () => {
      const { auth, browser, clock, session, store } = await arrange(makeStore);
      store.replace('touch', onFire);
      clock.set(session.idleExpiresAt - 1);
      await browser.get('/me');
      clock.set(session.idleExpiresAt);
      store.mend();
      await auth.flush();
      assertRefused(await browser.get('/me'), 401, 'session_invalid');
      assert.equal(await auth.sessions.get(session.id), null);
    });
  });

  it('close writes what was seen', async () => {
    const store = await makeStore();
    const { auth, browser, clock, session } = await arrange(async () => ({ sessions: store.sessions }));
    cleanUp(() => store.close?.());
    clock.advance('1h');
    await browser.get('/me');
    await auth.close();
    assert.equal((await store.sessions.get(session.id))?.lastSeenAt, clock.now());
  });
});

describe('a store that never answers a touch', () => {
  it('holds up no request and is told in an event; the touch is written later', async () => {
    const scene = await arrange(async () => memoryStore(), { storeTimeout: 0.02 });
    const { auth, browser, clock, store, events, session, errors } = scene;
    events.length = 0;
    store.replace('touch', () => new Promise(() => {}));
    clock.advance('1h');
    await browser.get('/me');
    const flushed = auth.flush();
    const answers = await Promise.all(Array.from({ length: 10 }, () => browser.get('/me')));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    await flushed;
    const [event] = events;
    assert.equal(event?.type, 'touch.failed');
    assert.match(String(event.error), /sessions\.touch/);
    assert.deepEqual([event.pending, event.dropped, errors.length], [1, 0, 0]);
    const seenAt = clock.now();
    store.mend();
    clock.advance('1h');
    await auth.flush();
    assert.equal((await auth.sessions.get(session.id))?.lastSeenAt, seenAt);
  });

  for (const [how, behave] of Object.entries({
    throws: () => {
      throw new Error('on fire');
    },
    rejects: onFire,
  })) {
    it(`or ${how} at it harms no request either`, async () => {
      const { auth, browser, clock, store, events } = await arrange(async () => memoryStore());
      events.length = 0;
      store.replace('touch', behave);
      clock.advance('1h');
      assert.equal((await browser.get('/me')).status, 200);
      await auth.flush();
      // The background may have tried it, too.
      assert.deepEqual(new Set(events.map(({ type }) => type)), new Set(['touch.failed']));
      assert.equal((await browser.get('/me')).status, 200);
    });
  }
});
