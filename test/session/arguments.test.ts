// Untyped code hands anything to our calls, an id that is undefined above all. No store may guess what was meant.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from '@jest/globals';
import type { Stepgate } from '../../lib/stepgate.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { faultyStore } from '../support/faulty-store.js';
import { testInstance } from '../support/instance.js';
import { pin } from '../support/pin.js';
import { forRules } from '../support/stores.js';

type Instance = Stepgate<'pin'>;
type Call = (auth: Instance, value: never) => Promise<unknown>;

const NO_STRINGS = [undefined, null, 0, 42, Number.NaN, true, 1n, {}, [], ['42'], Symbol('42'), () => '42'];
const UNSTORABLE = ['\0', '4\u00002', '\ud83d', '42\udc00'];
const NO_USER_IDS = [...NO_STRINGS, ...UNSTORABLE, '', 'x'.repeat(256)];
/** Well-formed text that is the id of no session. */
const ABSENT = ['', ' ', '42', 'null', '__proto__', 'A'.repeat(22), 'A'.repeat(21), 'ä'.repeat(22), 'x'.repeat(10_000)];
const ID = 'AAAAAAAAAAAAAAAAAAAAAA';

const USER_ID_CALLS: Readonly<Record<string, Call>> = {
  'sessions.listForUser': (auth, userId) => auth.sessions.listForUser(userId),
  'sessions.revokeForUser': (auth, userId) => auth.sessions.revokeForUser(userId, ID),
  'sessions.revokeAllForUser': (auth, userId) => auth.sessions.revokeAllForUser(userId),
  'methods.list': (auth, userId) => auth.methods.list(userId),
  'methods.import': (auth, userId) => auth.methods.import(userId, 'pin', {}),
  'methods.remove': (auth, userId) => auth.methods.remove(userId, 'pin'),
  'methods.unlock': (auth, userId) => auth.methods.unlock(userId, 'pin'),
  forgetUser: (auth, userId) => auth.forgetUser(userId),
};

const SESSION_ID_CALLS: Readonly<Record<string, Call>> = {
  'sessions.get': (auth, id) => auth.sessions.get(id),
  'sessions.revoke': (auth, id) => auth.sessions.revoke(id),
  'sessions.revokeForUser': (auth, id) => auth.sessions.revokeForUser('42', id),
};

/** An instance on this store with a session of the user `42`; `check` says that nothing has happened to it. */
async function arrange(made: Store) {
  const store = faultyStore(made);
  const { auth } = testInstance({ store, methods: [pin] });
  const browser = new Browser(testApp(auth).app);
  const { session } = await browser.signIn({ userId: '42' });
  store.calls.length = 0;
  const check = async (): Promise<void> => {
    assert.deepEqual(store.calls, []);
    assert.equal((await browser.get('/me')).status, 200);
    store.calls.length = 0;
  };
  return { auth, session, check };
}

const named = (value: unknown): string => inspect(value).slice(0, 40);

forRules((_name, makeStore) => {
  describe('a call of the app', () => {
    for (const [name, call] of Object.entries(USER_ID_CALLS)) {
      it(`auth.${name} rejects with a SetupError for what is no user id, and asks the store nothing`, async () => {
        const { auth, check } = await arrange(await makeStore());
        for (const value of NO_USER_IDS) {
          const message = /`userId` must be a string of 1 to 255 characters.*`String\(user\.id\)`/;
          await assert.rejects(call(auth, value as never), { name: 'SetupError', message }, named(value));
        }
        await check();
      });
    }

    for (const [name, call] of Object.entries(SESSION_ID_CALLS)) {
      it(`auth.${name} rejects with a SetupError for what can't be an id, and asks the store nothing`, async () => {
        const { auth, check } = await arrange(await makeStore());
        for (const value of [...NO_STRINGS, ...UNSTORABLE]) {
          const message = /`id` must be a session id/;
          await assert.rejects(call(auth, value as never), { name: 'SetupError', message }, named(value));
        }
        await check();
      });

      it(`auth.${name} finds nothing by text that is the id of no session`, async () => {
        const { auth, session } = await arrange(await makeStore());
        for (const value of ABSENT) assert.ok(!(await call(auth, value as never)), named(value));
        assert.notEqual(await auth.sessions.get(session.id), null);
      });
    }

    it('auth.sessions.revokeAllForUser rejects for an `except` that can’t be an id, and ends nothing', async () => {
      const { auth, check } = await arrange(await makeStore());
      const none = auth.sessions.revokeAllForUser('42', null as unknown as object);
      await assert.rejects(none, { name: 'SetupError', message: /`options` must be an object/ });
      for (const except of [...NO_STRINGS.slice(1), ...UNSTORABLE]) {
        const call = auth.sessions.revokeAllForUser('42', { except: except as string });
        await assert.rejects(call, { name: 'SetupError', message: /`except` must be a session id/ }, named(except));
      }
      await check();
    });

    it('auth.sessions.revokeAllForUser keeps nothing by an `except` that is the id of no session', async () => {
      for (const except of ABSENT) {
        const { auth } = await arrange(await makeStore());
        assert.equal(await auth.sessions.revokeAllForUser('42', { except }), 1, named(except));
      }
    });

    it('auth.methods.remove rejects for a credential that is null or no text, instead of removing all', async () => {
      const { auth, check } = await arrange(await makeStore());
      for (const id of [...NO_STRINGS.slice(1), ...UNSTORABLE]) {
        const call = auth.methods.remove('42', 'pin', id as string);
        await assert.rejects(call, { name: 'SetupError', message: /`id` must be the id of a credential/ }, named(id));
      }
      await check();
    });
  });
});

describe('a page of sessions', () => {
  for (const [name, list] of Object.entries<(auth: Instance, page: object) => Promise<unknown>>({
    list: (auth, page) => auth.sessions.list(page),
    listForUser: (auth, page) => auth.sessions.listForUser('42', page),
  })) {
    it(`of auth.sessions.${name} is refused for a limit or a place that can't be meant`, async () => {
      const { auth } = testInstance({ methods: [pin] });
      for (const limit of [0, -1, 1.5, 1_001, Number.NaN, Number.POSITIVE_INFINITY, '10', null, 10n]) {
        await assert.rejects(list(auth, { limit }), { name: 'SetupError', message: /`limit` must be .* 1 to 1000/ });
      }
      for (const after of [...NO_STRINGS.slice(2), ...UNSTORABLE, '', 'x', 'A'.repeat(23), 'A'.repeat(44)]) {
        await assert.rejects(list(auth, { after }), { name: 'SetupError', message: /`after` must be/ }, named(after));
      }
      await assert.rejects(list(auth, { limitt: 1 }), { name: 'SetupError', message: /Did you mean `limit`/ });
      for (const page of [null, 5, 'x']) {
        const call = list(auth, page as unknown as object);
        await assert.rejects(call, { name: 'SetupError', message: /`page` must be an object/ }, named(page));
      }
    });
  }

  it("of one user's sessions follows the other, newest activity first, each once", async () => {
    const { auth, clock } = testInstance({ methods: [pin] });
    const { app } = testApp(auth);
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) {
      ids.unshift((await new Browser(app).signIn({ userId: '42' })).session.id);
      clock.advance('1s');
    }
    await new Browser(app).signIn({ userId: 'eve' });
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page = await auth.sessions.listForUser('42', { limit: 2, after });
      seen.push(...page.sessions.map(({ id }) => id));
      ({ after } = page);
    } while (after !== null);
    assert.deepEqual(seen, ids);
  });
});
