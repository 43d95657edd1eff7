import assert from 'node:assert/strict';
import { describe, it, jest } from '@jest/globals';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { fakeTimers } from '../support/fake-timers.js';
import { faultyStore } from '../support/faulty-store.js';
import { type TestInstance, testInstance } from '../support/instance.js';
import { forRules } from '../support/stores.js';

interface Scene extends TestInstance {
  readonly ids: readonly string[];
  isLive(index: number): Promise<boolean>;
}

/** Sessions of these users, each made a second after the one before. */
async function arrange(store: Store, users: readonly string[]): Promise<Scene> {
  const instance = testInstance({ store });
  const { app } = testApp(instance.auth);
  const browsers = users.map(() => new Browser(app));
  const ids: string[] = [];
  for (const [index, browser] of browsers.entries()) {
    ids.push((await browser.signIn({ userId: users[index] })).session.id);
    instance.clock.advance('1s');
  }
  instance.events.length = 0;
  return { ...instance, ids, isLive: async (index) => (await browsers[index]?.get('/me'))?.status === 200 };
}

const UNKNOWN = 'AAAAAAAAAAAAAAAAAAAAAA';

forRules((_name, makeStore) => {
  describe('auth.sessions', () => {
    it("lists a user's live sessions, the one seen last first", async () => {
      const { auth, ids } = await arrange(await makeStore(), ['ada', 'eve', 'ada', 'ada']);
      const { sessions: listed } = await auth.sessions.listForUser('ada');
      assert.deepEqual(
        listed.map(({ id }) => id),
        [ids[3], ids[2], ids[0]],
      );
      assert.deepEqual((await auth.sessions.listForUser('nobody')).sessions, []);
    });

    it('lists all live sessions a page at a time, each once', async () => {
      const { auth, ids, clock } = await arrange(await makeStore(), ['ada', 'eve', 'bob', 'ada', 'eve']);
      const seen: string[] = [];
      let after: string | null = null;
      let pages = 0;
      do {
        const page = await auth.sessions.list({ limit: 2, after });
        seen.push(...page.sessions.map(({ id }) => id));
        ({ after } = page);
        pages += 1;
      } while (after !== null);
      assert.deepEqual([seen, pages], [ids.toSorted(), 3]);
      assert.equal((await auth.sessions.list()).sessions.length, 5);
      clock.advance('7d');
      assert.deepEqual(await auth.sessions.list(), { sessions: [], after: null });
    });

    it('gives a live session by its id, and null for none, or one that has expired', async () => {
      const { auth, ids, clock } = await arrange(await makeStore(), ['ada']);
      const [id = ''] = ids;
      assert.equal((await auth.sessions.get(id))?.userId, 'ada');
      assert.equal(await auth.sessions.get(UNKNOWN), null);
      clock.advance('7d');
      assert.equal(await auth.sessions.get(id), null);
    });

    it('shows no hash of a token', async () => {
      const store = await makeStore();
      const { auth, ids } = await arrange(store, ['ada']);
      const [id = ''] = ids;
      const { tokenHash } = (await store.sessions.get(id)) ?? {};
      assert.match(tokenHash ?? '', /^[\w-]{43}$/);
      const shown = [await auth.sessions.get(id), await auth.sessions.list(), await auth.sessions.listForUser('ada')];
      assert.ok(!JSON.stringify(shown).includes(tokenHash ?? ''));
    });

    it("revokes by id whoever's it is, once, and says so", async () => {
      const { auth, ids, events, clock, isLive } = await arrange(await makeStore(), ['ada', 'eve']);
      const [id = ''] = ids;
      assert.equal(await auth.sessions.revoke(id), true);
      assert.equal(await auth.sessions.revoke(id), false);
      assert.equal(await auth.sessions.revoke(UNKNOWN), false);
      assert.deepEqual([await isLive(0), await isLive(1)], [false, true]);
      assert.deepEqual(events[0], {
        type: 'session.revoked',
        userId: 'ada',
        sessionId: id,
        by: 'admin',
        at: clock.now(),
      });
      assert.equal(events.filter(({ type }) => type === 'session.revoked').length, 1);
    });

    it("revokes for a user only what is that user's", async () => {
      const { auth, ids, isLive } = await arrange(await makeStore(), ['ada', 'eve']);
      assert.equal(await auth.sessions.revokeForUser('ada', ids[1] ?? ''), false);
      assert.equal(await isLive(1), true);
      assert.equal(await auth.sessions.revokeForUser('eve', ids[1] ?? ''), true);
      assert.deepEqual([await isLive(0), await isLive(1)], [true, false]);
    });

    it('revokes all of a user, or all but one', async () => {
      const { auth, ids, isLive } = await arrange(await makeStore(), ['ada', 'ada', 'ada', 'eve']);
      assert.equal(await auth.sessions.revokeAllForUser('ada', { except: ids[1] ?? '' }), 2);
      assert.deepEqual(
        [await isLive(0), await isLive(1), await isLive(2), await isLive(3)],
        [false, true, false, true],
      );
      assert.equal(await auth.sessions.revokeAllForUser('ada'), 1);
      assert.equal(await auth.sessions.revokeAllForUser('ada'), 0);
      assert.deepEqual([await isLive(1), await isLive(3)], [false, true]);
    });

    it('ends nothing where an option is misspelt', async () => {
      const { auth, ids, isLive } = await arrange(await makeStore(), ['ada', 'ada']);
      const options: object = { keep: ids[0] };
      await assert.rejects(auth.sessions.revokeAllForUser('ada', options), {
        name: 'SetupError',
        message: /`options.keep` is unknown/,
      });
      await assert.rejects(auth.sessions.list({ limitt: 1 } as object), { message: /Did you mean `limit`/ });
      assert.deepEqual([await isLive(0), await isLive(1)], [true, true]);
    });

    it("lets nobody keep another user's session by `except`", async () => {
      const { auth, ids, isLive } = await arrange(await makeStore(), ['ada', 'eve']);
      assert.equal(await auth.sessions.revokeAllForUser('ada', { except: ids[1] ?? '' }), 1);
      assert.deepEqual([await isLive(0), await isLive(1)], [false, true]);
    });

    it('deletes what has expired, says how much that was, and keeps what is live', async () => {
      const store = await makeStore();
      const { auth, ids, clock, events } = await arrange(store, ['ada', 'eve']);
      assert.equal(await auth.sessions.deleteExpired(), 0);
      assert.deepEqual(events, []);
      clock.advance('7d');
      const { app } = testApp(auth);
      const { session } = await new Browser(app).signIn();
      events.length = 0;
      assert.equal(await auth.sessions.deleteExpired(), 2);
      assert.deepEqual(events, [{ type: 'sessions.expired-deleted', count: 2, at: clock.now() }]);
      assert.equal(await store.sessions.get(ids[0] ?? ''), null);
      assert.notEqual(await store.sessions.get(session.id), null);
    });

    it('forgets a user with all sessions, and no other user', async () => {
      const { auth, isLive } = await arrange(await makeStore(), ['ada', 'eve', 'ada']);
      await auth.forgetUser('ada');
      assert.deepEqual([await isLive(0), await isLive(1), await isLive(2)], [false, true, false]);
    });
  });
});

describe('auth.sessions.list', () => {
  for (const limit of [0, -1, 1.5, 1_001, Number.NaN, Number.POSITIVE_INFINITY, '10']) {
    it(`refuses ${JSON.stringify(limit)} for a limit`, async () => {
      const { auth } = testInstance();
      await assert.rejects(auth.sessions.list({ limit: limit as number }), {
        name: 'SetupError',
        message: /1 to 1000/,
      });
    });
  }
});

describe('a store that fails', () => {
  it('rejects every call of the app with a refusal', async () => {
    const store = faultyStore(memoryStore());
    const { auth } = testInstance({ store });
    for (const operation of ['get', 'list', 'listForUser', 'revoke', 'revokeAllForUser', 'deleteExpired'] as const) {
      store.replace(operation, () => Promise.reject(new Error('canary')));
    }
    const { sessions } = auth;
    for (const call of [
      sessions.get(UNKNOWN),
      sessions.list(),
      sessions.listForUser('ada'),
      sessions.revoke(UNKNOWN),
      sessions.revokeForUser('ada', UNKNOWN),
      sessions.revokeAllForUser('ada'),
      sessions.deleteExpired(),
      auth.forgetUser('ada'),
    ]) {
      await assert.rejects(call, { name: 'Refusal', code: 'store_unavailable', status: 500 });
    }
  });
});

describe('the cleanup', () => {
  it('runs by itself every interval, a thousand rows at a time, until stepgate is closed', async () => {
    fakeTimers(['setInterval']);
    const store = faultyStore(memoryStore());
    const { auth } = testInstance({ store, cleanupInterval: '1h' });
    const counts = [1_000, 1_000, 7];
    store.replace('deleteExpired', async () => counts.shift() ?? 0);
    const ran = async (): Promise<number> => {
      await new Promise(setImmediate);
      return store.calls.filter((call) => call === 'deleteExpired').length;
    };
    jest.advanceTimersByTime(3_599_999);
    assert.equal(await ran(), 0);
    jest.advanceTimersByTime(1);
    assert.equal(await ran(), 3);
    jest.advanceTimersByTime(3_600_000);
    assert.equal(await ran(), 4);
    await auth.close();
    jest.advanceTimersByTime(3_600_000);
    assert.equal(await ran(), 4);
  });

  it('tells its failure in an event and goes on', async () => {
    fakeTimers(['setInterval']);
    const store = faultyStore(memoryStore());
    const { events } = testInstance({ store, cleanupInterval: '1h' });
    store.replace('deleteExpired', () => Promise.reject(new Error('on fire')));
    jest.advanceTimersByTime(3_600_000);
    await new Promise(setImmediate); // an unhandled rejection would fail this file
    assert.deepEqual(
      events.map(({ type }) => type),
      ['dependency.failed'],
    );
    store.mend();
    jest.advanceTimersByTime(3_600_000);
    assert.deepEqual(store.calls, ['claim', 'deleteExpired', 'deleteExpired']);
  });
});
