import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { SetupError } from '../../lib/internal/setup-error.js';
import { createCheckedStore, type StoreCall } from '../../lib/session/checked-store.js';
import { claimFor, type RealmOptions, realmOf } from '../../lib/session/realm.js';
import type { Claimable } from '../../lib/stores/contract/realm.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { codeOf, cookieHeader, cookiesOf, type TokenAppOptions, tokenApp } from '../tokens/app.js';

const APP: RealmOptions = {
  issuer: 'https://app.example',
  audience: 'https://api.app.example',
  cookieName: 'session',
};
const [OURS, THEIRS] = [realmOf(APP), realmOf({ ...APP, cookieName: 'staff' })];

describe('the realm of an instance', () => {
  it('stays what it is: another one would lock every store that is in use', () => {
    assert.equal(realmOf(APP), 'GcmlV-NrBSKqnO51wWKL4w');
  });

  it('is another one for another issuer, audience and cookie name', () => {
    const realms = [
      APP,
      { ...APP, issuer: 'https://other.example' },
      { ...APP, audience: 'https://other.example' },
      { ...APP, cookieName: 'other' },
      { ...APP, issuer: APP.audience, audience: APP.issuer },
      { ...APP, issuer: 'https://APP.example' },
      { ...APP, cookieName: 'session ' },
    ].map(realmOf);
    assert.equal(new Set(realms).size, realms.length);
  });

  it('knows where each of its parts ends', () => {
    const cut = fc.tuple(fc.nat(), fc.nat());
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }), cut, cut, (text, one, other) => {
        const [a, b] = [partsOf(text, one), partsOf(text, other)];
        const isSame = a.issuer === b.issuer && a.audience === b.audience && a.cookieName === b.cookieName;
        assert.equal(realmOf(a) === realmOf(b), isSame);
      }),
    );
  });

  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    it(`is the same at every port of ${host}`, () => {
      const at = (scheme: string, port: string): string => {
        const address = `${scheme}://${host}${port}`;
        return realmOf({ ...APP, issuer: address, audience: address });
      };
      assert.equal(new Set(['', ':80', ':3000', ':65535'].map((port) => at('http', port))).size, 1);
      assert.notEqual(at('http', ':3000'), at('https', ':3000'));
    });
  }

  it('is another one at another port of every other host, and on each of the local ones', () => {
    const issuers = [
      'https://app.example',
      'https://app.example:8443',
      'http://localhost.example:3000',
      'http://localhost.example:4000',
      'http://app.localhost:3000',
      'http://app.localhost:4000',
      'http://127.0.0.2:3000',
      'http://127.0.0.2:4000',
      'http://localhost:3000',
      'http://127.0.0.1:3000',
      'http://[::1]:3000',
    ];
    assert.equal(new Set(issuers.map((issuer) => realmOf({ ...APP, issuer }))).size, issuers.length);
  });

  it('takes an audience that is no address as it is', () => {
    const audiences = ['localhost:3000', 'localhost:4000', 'api', 'urn:example:api'];
    assert.equal(new Set(audiences.map((audience) => realmOf({ ...APP, audience }))).size, audiences.length);
  });
});

/** The text in three parts. */
function partsOf(text: string, [one, other]: readonly [number, number]): RealmOptions {
  const [first, second] = [one % (text.length + 1), other % (text.length + 1)].sort((a, b) => a - b);
  return { issuer: text.slice(0, first), audience: text.slice(first, second), cookieName: text.slice(second) };
}

/** A part whose claims are answered in turn, the last one ever after. */
function part(...answers: readonly (() => Promise<string>)[]): Claimable & { readonly claims: string[] } {
  const claims: string[] = [];
  return {
    claims,
    claim(realm) {
      const answer = answers[Math.min(claims.length, answers.length - 1)];
      claims.push(realm);
      assert.ok(answer !== undefined);
      return answer();
    },
  };
}

const ours = async (): Promise<string> => OURS;
const theirs = async (): Promise<string> => THEIRS;
const rejected = async (): Promise<string> => Promise.reject(new Error('The store is on fire.'));
const isForeign = {
  name: 'SetupError',
  message: /belongs to an instance with another .*`prefix`.*migrate\(\{ realm: true \}\)/,
};

describe('a claim', () => {
  it('asks the part for its realm, each time, however many are made at once', async () => {
    const claimed = part(ours);
    await Promise.all(Array.from({ length: 100 }, () => claimFor(OURS, claimed)));
    assert.deepEqual(
      claimed.claims,
      Array.from({ length: 100 }, () => OURS),
    );
  });

  for (const [how, fails] of [
    ['rejects', rejected],
    [
      'throws',
      () => {
        throw new Error('The store is on fire.');
      },
    ],
  ] as const) {
    it(`fails with a store that ${how}, and is made the next time`, async () => {
      const claimed = part(fails, fails, ours);
      for (let failure = 0; failure < 2; failure += 1) await assert.rejects(claimFor(OURS, claimed), /on fire/);
      await claimFor(OURS, claimed);
    });
  }

  it('is made the next time where a store never answers', async () => {
    const claimed = part(() => new Promise(() => {}), ours);
    void claimFor(OURS, claimed);
    await claimFor(OURS, claimed);
  });

  it('is refused by a part of another instance each time, until it has been renamed', async () => {
    const claimed = part(theirs, theirs, ours);
    for (let refusal = 0; refusal < 2; refusal += 1) await assert.rejects(claimFor(OURS, claimed), isForeign);
    await claimFor(OURS, claimed);
  });
});

describe('a store that is not known to be ours', () => {
  const call: StoreCall = (_operation, run) => run();
  const never = (): never => assert.fail('The store was asked.');

  /** Every operation of a part is `never`, but `claim`. */
  const guarded = <Part extends Claimable>(real: Part): Part =>
    new Proxy(real, { get: (target, name) => (name === 'claim' ? Reflect.get(target, name) : never) });

  const { sessions, challenges, grants, approvals, attempts, passkeys, totp, recoveryCodes } = memoryStore();
  const guardedStore = {
    sessions: guarded(sessions),
    challenges: guarded(challenges),
    grants: guarded(grants),
    approvals: guarded(approvals),
    attempts: guarded(attempts),
    passkeys: guarded(passkeys),
    totp: guarded(totp),
    recoveryCodes: guarded(recoveryCodes),
  };

  it('is asked for nothing, by no operation of any part', async () => {
    await sessions.claim(THEIRS);
    const checked = createCheckedStore(guardedStore, OURS, call);
    const called: string[] = [];
    for (const [name, each] of Object.entries(checked)) {
      for (const [operation, run] of Object.entries<unknown>(each)) {
        if (operation === 'claim' || typeof run !== 'function') continue;
        called.push(`${name}.${operation}`);
        await assert.rejects(async () => Reflect.apply(run, null, []), isForeign, `${name}.${operation}`); // it looks at no argument
      }
    }
    // stepgate copies nothing, and `has` is between two parts of the memory store.
    const parts = { sessions, challenges, grants, approvals, attempts, passkeys, totp, recoveryCodes };
    const all = Object.entries(parts).flatMap(([name, each]) => Object.keys(each).map((key) => `${name}.${key}`));
    assert.deepEqual(called.sort(), all.filter((name) => !/\.(claim|copy|has)$/.test(name)).sort());
  });

  it('may have parts of several stores: each is claimed, and only those of another instance are refused', async () => {
    const [first, second, foreign] = [memoryStore(), memoryStore(), memoryStore()];
    await foreign.sessions.claim(THEIRS);
    const mixed = { ...first, sessions: second.sessions, passkeys: foreign.passkeys };
    const checked = createCheckedStore(mixed, OURS, call);
    assert.equal(await checked.sessions.get('A'), null);
    assert.equal(await checked.totp?.find('ada'), null);
    await assert.rejects(async () => checked.passkeys?.listForUser('ada'), isForeign);
    assert.equal(await checked.totp?.find('ada'), null);
    for (const claimed of [first.totp, second.sessions]) assert.equal(await claimed.claim(THEIRS), OURS);
    assert.equal(await foreign.passkeys.claim(OURS), THEIRS);
  });

  it('is asked for its realm until it has said it once, and no more', async () => {
    const store = memoryStore();
    const claimed = part(rejected, () => new Promise(() => {}), ours);
    const claiming = { ...store.sessions, claim: claimed.claim };
    const checked = createCheckedStore({ ...store, sessions: claiming }, OURS, call);
    await assert.rejects(async () => checked.sessions.get('A'), /on fire/);
    void checked.sessions.get('A'); // which hangs, and holds up no other
    for (let time = 0; time < 3; time += 1) assert.equal(await checked.sessions.get('A'), null);
    assert.equal(claimed.claims.length, 3);
  });

  it('is asked at once when it is ours: the answer is no promise where the store gives none', async () => {
    const store = memoryStore();
    const checked = createCheckedStore(store, OURS, call);
    await checked.sessions.get('A');
    assert.equal(checked.sessions.get('A'), null);
  });
});

describe('two instances on one store', () => {
  const instance = (store: Store, options: TokenAppOptions = {}) => tokenApp({ store, delivery: 'cookie', ...options });

  for (const [what, options] of [
    ['issuer', { issuer: 'https://other.example' }],
    ['audience', { audience: 'https://other.example' }],
    ['cookieName', { cookieName: 'staff' }],
  ] as const) {
    it(`are not to be where the ${what} is another: the second is refused, and says why`, async () => {
      const store = memoryStore();
      const [first, second] = [instance(store), instance(store, options)];
      await first.http.post('/login').send({}).expect(200);
      for (let time = 0; time < 2; time += 1) {
        assert.equal(codeOf(await second.http.post('/login').send({}).expect(500)), 'store_unavailable');
        await assert.rejects(second.auth.sessions.listForUser('ada'), { code: 'store_unavailable' });
      }
      assert.ok(second.events.length > 0);
      for (const event of second.events) {
        assert.ok(event.type === 'dependency.failed' && event.error instanceof SetupError);
        assert.match(event.error.message, /`issuer`, `audience` or `cookieName`.*`prefix`/);
      }
      assert.equal((await first.auth.sessions.listForUser('ada')).sessions.length, 1);
    });
  }

  for (const [what, options] of [
    ['secret', { secret: 'another secret of at least thirty-two bytes' }],
    ['lifetime', { absoluteLifetime: '1d' }],
    ['delivery', { delivery: 'bearer' }],
  ] as const) {
    it(`are one instance where only the ${what} is another`, async () => {
      const store = memoryStore();
      const [first, second] = [instance(store), instance(store, options)];
      const cookies = cookieHeader(cookiesOf(await first.http.post('/login').send({}).expect(200)));
      await second.http.get('/me').set('Cookie', cookies).expect(200);
      await second.http.post('/login').send({}).expect(200);
      assert.equal((await first.auth.sessions.listForUser('ada')).sessions.length, 2);
    });
  }

  it('are one where they start at once: the other is refused for good', async () => {
    const store = memoryStore();
    const instances = [instance(store), instance(store, { cookieName: 'staff' })];
    const statuses = await Promise.all(instances.map(async ({ http }) => (await http.post('/login').send({})).status));
    assert.deepEqual(
      statuses.toSorted((a, b) => a - b),
      [200, 500],
    );
    for (const [index, { http }] of instances.entries())
      await http
        .post('/login')
        .send({})
        .expect(statuses[index] ?? 0);
  });

  it('on localhost are one instance at every port', async () => {
    const store = memoryStore();
    const [first, second] = [3_000, 4_000].map((port) =>
      instance(store, { issuer: `http://localhost:${port}`, insecureCookies: true }),
    );
    const cookies = cookieHeader(cookiesOf((await first?.http.post('/login').send({}).expect(200)) ?? assert.fail()));
    await second?.http.get('/me').set('Cookie', cookies).expect(200);
  });
});
