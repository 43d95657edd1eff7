import assert from 'node:assert/strict';
import { describe, it, jest } from '@jest/globals';
import { DependencyError } from '../../../lib/session/checked-store.js';
import type { PasskeyRow } from '../../../lib/stores/contract/passkeys.js';
import { memoryStore } from '../../../lib/stores/memory/index.js';
import type { AuthenticationVariant } from '../../../lib/testing/authenticator/variants.js';
import {
  authenticator,
  creationOptions,
  NOW,
  newChallenge,
  ORIGIN,
  outcomeOf,
  RP_ID,
  requestOptions,
  type Setting,
  setUp,
} from './setting.js';

// The numbers are the steps of WebAuthn Level 3, 7.2.

const VERIFIED = { outcome: 'verified' };
const failed = (reason: string) => ({ outcome: 'failed', reason });

async function rowOf({ store }: Setting, userId: string): Promise<PasskeyRow> {
  const [row] = await store.passkeys.listForUser(userId);
  assert.ok(row);
  return row;
}

describe('the options of a step-up', () => {
  it("ask for user verification by one of the user's own passkeys", async () => {
    const setting = setUp({ timeout: '1m' });
    await setting.register('alice', authenticator());
    await setting.register('bob', authenticator());
    const { id } = await rowOf(setting, 'alice');
    const challenge = newChallenge();
    const options = await setting.method.begin({ services: setting.services, userId: 'alice', now: NOW, challenge });
    assert.deepEqual(requestOptions(options), {
      rpId: RP_ID,
      challenge,
      allowCredentials: [{ id, transports: ['internal'], type: 'public-key' }],
      timeout: 60_000,
      userVerification: 'required',
    });
  });

  it('are refused to a user without a passkey: an empty list would mean anybody', async () => {
    const { services, method } = setUp();
    const context = { services, userId: 'alice', now: NOW, challenge: newChallenge() };
    await assert.rejects(async () => method.begin(context), /no passkey/);
  });
});

describe('an assertion', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    it(`by a passkey with ${algorithm} is accepted, time and again, and noted`, async () => {
      const setting = setUp();
      const key = authenticator({ algorithm });
      await setting.register('alice', key);
      for (const counter of [1, 2, 3]) {
        assert.deepEqual(await setting.stepUp('alice', key), VERIFIED);
        const row = await rowOf(setting, 'alice');
        assert.deepEqual([row.counter, row.lastUsedAt], [counter, NOW + 1_000]);
      }
      assert.deepEqual(setting.events, []);
    });
  }

  const refused: readonly (readonly [what: string, variant: AuthenticationVariant])[] = [
    ["6: somebody else's user handle", { userHandle: Buffer.alloc(32, 1).toString('base64url') }],
    ['6: the user id as user handle', { userHandle: Buffer.from('alice').toString('base64url') }],
    ['10: the type of a registration', { clientData: { type: 'webauthn.create' } }],
    ['10: the type of a payment', { clientData: { type: 'payment.get' } }],
    ['10: no type', { clientData: { type: undefined } }],
    ['11: another challenge', { clientData: { challenge: newChallenge() } }],
    ['11: no challenge', { clientData: { challenge: undefined } }],
    ['12: another origin', { clientData: { origin: 'https://evil.example' } }],
    ['12: a subdomain that is not listed', { clientData: { origin: 'https://www.app.example' } }],
    ['12: the origin in clear', { clientData: { origin: 'http://app.example' } }],
    ['12: the origin with a port', { clientData: { origin: `${ORIGIN}:8443` } }],
    ['12: the origin with a slash', { clientData: { origin: `${ORIGIN}/` } }],
    ['12: a list with the origin', { clientData: { origin: [ORIGIN] } }],
    ['12: no origin', { clientData: { origin: undefined } }],
    ['13: a frame of another site', { clientData: { crossOrigin: true } }],
    ['13: an odd crossOrigin', { clientData: { crossOrigin: 'true' } }],
    ['14: a top origin', { clientData: { crossOrigin: true, topOrigin: 'https://partner.example' } }],
    ['14: a top origin without a frame', { clientData: { topOrigin: ORIGIN } }],
    ['14: an empty top origin', { clientData: { topOrigin: '' } }],
    ['15: another RP', { rpId: 'evil.example' }],
    ['16: no user present', { userPresent: false }],
    ['17: no user verified', { userVerified: false }],
    ['18: backed up without being eligible', { backupEligible: false, backedUp: true }],
    ['21: another signature', { tamperSignature: true }],
  ];

  for (const [what, variant] of refused) {
    it(`is refused at step ${what}, and nothing is written`, async () => {
      const setting = setUp();
      const key = authenticator();
      await setting.register('alice', key);
      const before = await rowOf(setting, 'alice');
      assert.deepEqual(await setting.stepUp('alice', key, variant), failed('rejected'));
      assert.deepEqual(await rowOf(setting, 'alice'), before);
      assert.deepEqual(setting.events, []);
      assert.deepEqual(await setting.stepUp('alice', key), VERIFIED);
    });
  }

  for (const [what, synced, variant] of [
    ['a synced passkey is not eligible for a backup any more', true, { backupEligible: false, backedUp: false }],
    ['a passkey is eligible for a backup all at once', false, { backupEligible: true }],
    ['a passkey is backed up all at once', false, { backupEligible: true, backedUp: true }],
  ] as const) {
    it(`is refused when ${what} (step 19), and says so`, async () => {
      const setting = setUp();
      const key = authenticator({ synced });
      await setting.register('alice', key);
      const before = await rowOf(setting, 'alice');
      assert.deepEqual(await setting.stepUp('alice', key, variant), failed('backup-eligibility-changed'));
      // Only who has the key can say that it has changed.
      assert.deepEqual(await setting.stepUp('alice', key, { ...variant, tamperSignature: true }), failed('rejected'));
      assert.deepEqual(await rowOf(setting, 'alice'), before);
      assert.deepEqual(await setting.stepUp('alice', key), VERIFIED);
    });
  }

  it('may say that a synced passkey is backed up or not, and that is noted (step 24)', async () => {
    const setting = setUp();
    const key = authenticator({ synced: true });
    await setting.register('alice', key);
    for (const backedUp of [false, true]) {
      assert.deepEqual(await setting.stepUp('alice', key, { backedUp }), VERIFIED);
      assert.equal((await rowOf(setting, 'alice')).backedUp, backedUp);
    }
  });

  it('needs no user handle where the user is known (step 6)', async () => {
    const setting = setUp();
    const key = authenticator();
    await setting.register('alice', key);
    assert.deepEqual(await setting.stepUp('alice', key, { userHandle: null }), VERIFIED);
  });

  it('is accepted in the frame of a site that is listed (steps 13, 14), and of no other', async () => {
    const setting = setUp({ allowedTopOrigins: ['https://partner.example'] });
    const key = authenticator();
    await setting.register('alice', key);
    const by = async (clientData: object) =>
      (await setting.stepUp('alice', key, { clientData: { ...clientData } })).outcome;
    assert.equal(await by({ crossOrigin: true, topOrigin: 'https://partner.example' }), 'verified');
    assert.equal(await by({ crossOrigin: true, topOrigin: 'https://evil.example' }), 'failed');
    assert.equal(await by({ crossOrigin: true }), 'failed');
    assert.equal(await by({ crossOrigin: true, topOrigin: ['https://partner.example'] }), 'failed');
    assert.equal(await by({ topOrigin: 'https://partner.example' }), 'failed');
    assert.equal(await by({}), 'verified');
  });

  it('is checked against the origins of the set-up, whatever becomes of the list', async () => {
    const origins = [ORIGIN];
    const setting = setUp({ origins });
    origins.push('https://evil.example');
    const key = authenticator();
    await setting.register('alice', key);
    const outcome = await setting.stepUp('alice', key, { clientData: { origin: 'https://evil.example' } });
    assert.deepEqual(outcome, failed('rejected'));
  });

  it('may have members in its client data that nobody knows (step 9)', async () => {
    const setting = setUp();
    const key = authenticator();
    await setting.register('alice', key);
    assert.deepEqual(
      await setting.stepUp('alice', key, { clientData: { tomorrow: [{}], tokenBinding: null } }),
      VERIFIED,
    );
  });

  it('may have client extensions that nobody asked for (step 23)', async () => {
    const setting = setUp();
    const { services, method } = setting;
    const key = authenticator();
    await setting.register('alice', key);
    const context = { services, userId: 'alice', now: NOW + 1_000 };
    const value = newChallenge();
    const response = key.get(requestOptions(await method.begin({ ...context, challenge: value })));
    const more = { ...response, clientExtensionResults: { appid: true, prf: { results: {} } }, tomorrow: {} };
    const challenge = { value, createdAt: NOW + 1_000 };
    assert.deepEqual(outcomeOf(await method.verify({ ...context, response: more, challenge }), response.id), VERIFIED);
  });

  it('is refused without a challenge', async () => {
    const setting = setUp();
    const { services, method } = setting;
    const key = authenticator();
    await setting.register('alice', key);
    const context = { services, userId: 'alice', now: NOW + 1_000 };
    const response = key.get(requestOptions(await method.begin({ ...context, challenge: newChallenge() })));
    assert.deepEqual(await method.verify({ ...context, response, challenge: null }), failed('malformed'));
  });

  it('is refused when the passkey is not older than the challenge', async () => {
    const setting = setUp();
    const { services, method } = setting;
    const key = authenticator();
    await setting.register('alice', key);
    for (const [createdAt, outcome] of [
      [NOW - 1, failed('enrolled-after-challenge')],
      [NOW, failed('enrolled-after-challenge')],
      [NOW + 1, VERIFIED],
    ] as const) {
      const context = { services, userId: 'alice', now: NOW + 1_000 };
      const value = newChallenge();
      const response = key.get(requestOptions(await method.begin({ ...context, challenge: value })));
      const answer = await method.verify({ ...context, response, challenge: { value, createdAt } });
      assert.deepEqual(outcomeOf(answer, response.id), outcome);
    }
  });

  it('is not refused for a passkey of a time that nobody believes: a clock was ahead, and was put right', async () => {
    const setting = setUp();
    const { services, method } = setting;
    const key = authenticator();
    await setting.register('alice', key);
    const tooYoung = failed('enrolled-after-challenge');
    for (const [ahead, outcome] of [
      [0, tooYoung],
      [5_000, tooYoung],
      [5_001, VERIFIED],
      [60_000, VERIFIED],
      [86_400_000, VERIFIED],
      [365 * 86_400_000, VERIFIED],
    ] as const) {
      const now = NOW - ahead;
      const value = newChallenge();
      const response = key.get(
        requestOptions(await method.begin({ services, userId: 'alice', now, challenge: value })),
      );
      const challenge = { value, createdAt: now };
      const answer = await method.verify({ services, userId: 'alice', now, response, challenge });
      assert.deepEqual(outcomeOf(answer, response.id), outcome, String(ahead));
    }
  });
});

describe('the credential of an assertion', () => {
  it('is held until it is removed, by its user alone', async () => {
    const setting = setUp();
    const { services, method } = setting;
    await setting.register('alice', authenticator());
    await setting.register('alice', authenticator());
    const { id } = await rowOf(setting, 'alice');
    const context = { services, userId: 'alice', now: NOW };
    assert.equal(await method.holds(context, id), true);
    assert.equal(await method.holds({ ...context, userId: 'bob' }, id), false);
    await method.remove(context, id);
    assert.equal(await method.holds(context, id), false);
    assert.equal(await method.enrolled(context), true);
  });
});

describe("another user's passkey", () => {
  it('is as unknown as one that nobody has: same reason, same calls, no signature checked', async () => {
    const calls: string[] = [];
    const memory = memoryStore();
    const passkeys = new Proxy(memory.passkeys, {
      get(part, name: keyof typeof memory.passkeys) {
        calls.push(name);
        return part[name];
      },
    });
    const setting = setUp({ store: { ...memory, passkeys } });
    const [alices, mallorys] = [authenticator(), authenticator()];
    await setting.register('alice', alices);
    await setting.register('mallory', mallorys);
    const alice = await rowOf(setting, 'alice');
    const mallory = await rowOf(setting, 'mallory');
    const checks = jest.spyOn(globalThis.crypto.subtle, 'verify');
    const attempt = async (key: typeof alices, variant: AuthenticationVariant) => {
      const { services, method } = setting;
      const context = { services, userId: 'mallory', now: NOW + 1_000 };
      const value = newChallenge();
      const response = key.get({ challenge: value, rpId: RP_ID }, variant);
      calls.length = 0;
      checks.mockClear();
      const outcome = await method.verify({ ...context, response, challenge: { value, createdAt: NOW + 1_000 } });
      return { outcome, calls: [...calls], checks: checks.mock.calls.length };
    };

    const foreign = await attempt(alices, {});
    const unknown = { ...failed('unknown-credential'), isNobodys: false };
    assert.deepEqual(foreign, { outcome: unknown, calls: ['find', 'findById'], checks: 0 });
    // What tells them apart is for the browser that keeps a passkey which is in no store: it may forget it.
    const nobodys = { ...foreign, outcome: { ...unknown, isNobodys: true } };
    assert.deepEqual(await attempt(alices, { statedId: Buffer.alloc(32, 9).toString('base64url') }), nobodys);
    assert.deepEqual(await attempt(alices, { userHandle: mallory.userHandle }), foreign);
    // Under a name of her own the signature doesn't fit.
    const renamed = await attempt(alices, { statedId: mallory.id, userHandle: mallory.userHandle });
    assert.deepEqual(renamed, { outcome: failed('rejected'), calls: ['find'], checks: 1 });
    assert.deepEqual(await rowOf(setting, 'alice'), alice);
    assert.deepEqual(await rowOf(setting, 'mallory'), mallory);
    assert.deepEqual(setting.events, []);
  });
});

describe('the signature counter', () => {
  it('may stay 0, as that of synced passkeys does', async () => {
    const setting = setUp();
    const key = authenticator({ synced: true });
    await setting.register('alice', key);
    for (const _ of [1, 2, 3]) assert.deepEqual(await setting.stepUp('alice', key), VERIFIED);
    assert.equal((await rowOf(setting, 'alice')).counter, 0);
  });

  it('may leap, to the highest there is', async () => {
    const setting = setUp();
    const key = authenticator();
    await setting.register('alice', key);
    for (const counter of [10, 0xffff_ffff]) {
      assert.deepEqual(await setting.stepUp('alice', key, { counter }), VERIFIED);
      assert.equal((await rowOf(setting, 'alice')).counter, counter);
    }
  });

  for (const [what, counter] of [
    ['stands still', 5],
    ['goes back', 4],
    ['goes back to 0', 0],
  ] as const) {
    it(`that ${what} is refused and told, and the passkey stays as it was`, async () => {
      const setting = setUp();
      const key = authenticator();
      await setting.register('alice', key);
      await setting.stepUp('alice', key, { counter: 5 });
      const before = await rowOf(setting, 'alice');
      assert.deepEqual(await setting.stepUp('alice', key, { counter }), failed('counter-regressed'));
      assert.deepEqual(setting.events, [{ type: 'passkey.counter-regressed', userId: 'alice', passkeyId: before.id }]);
      assert.deepEqual(await rowOf(setting, 'alice'), before);
      assert.deepEqual(await setting.stepUp('alice', key, { counter: 6 }), VERIFIED);
    });
  }

  it('that goes back is accepted and told with `counter: report`, and counts from there', async () => {
    const setting = setUp({ counter: 'report' });
    const key = authenticator();
    await setting.register('alice', key);
    await setting.stepUp('alice', key, { counter: 50 });
    const { id } = await rowOf(setting, 'alice');
    const regressed = { type: 'passkey.counter-regressed', userId: 'alice', passkeyId: id };
    for (const [counter, told] of [
      [50, 1],
      [3, 2],
      [4, 2],
      [0, 3],
      [0, 3],
    ] as const) {
      assert.deepEqual(await setting.stepUp('alice', key, { counter }), VERIFIED);
      assert.equal((await rowOf(setting, 'alice')).counter, counter);
      assert.deepEqual(
        setting.events,
        Array.from({ length: told }, () => regressed),
      );
    }
  });

  it('that goes back is no reason to accept anything that is wrong, with `counter: report` neither', async () => {
    const setting = setUp({ counter: 'report' });
    const key = authenticator();
    await setting.register('alice', key);
    await setting.stepUp('alice', key, { counter: 50 });
    const before = await rowOf(setting, 'alice');
    for (const variant of [
      { tamperSignature: true },
      { userVerified: false },
      { rpId: 'evil.example' },
      { clientData: { origin: 'https://evil.example' } },
    ]) {
      assert.deepEqual(await setting.stepUp('alice', key, { ...variant, counter: 3 }), failed('rejected'));
    }
    const changed = await setting.stepUp('alice', key, { counter: 3, backupEligible: true });
    assert.deepEqual(changed, failed('backup-eligibility-changed'));
    assert.deepEqual(await rowOf(setting, 'alice'), before);
    assert.deepEqual(setting.events, []);
  });

  it('lets all of 50 parallel assertions with the same count pass with `counter: report`, and tells 49', async () => {
    const setting = setUp({ counter: 'report' });
    const key = authenticator();
    await setting.register('alice', key);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => setting.stepUp('alice', key, { counter: 7 })));
    assert.deepEqual(
      outcomes,
      Array.from({ length: 50 }, () => VERIFIED),
    );
    assert.equal(setting.events.length, 49);
    assert.equal((await rowOf(setting, 'alice')).counter, 7);
  });

  it('is not looked at before the signature: nobody else can raise the alarm', async () => {
    const setting = setUp();
    const key = authenticator();
    await setting.register('alice', key);
    await setting.stepUp('alice', key, { counter: 5 });
    assert.deepEqual(await setting.stepUp('alice', key, { counter: 4, tamperSignature: true }), failed('rejected'));
    assert.deepEqual(setting.events, []);
  });

  it('lets one of 50 parallel assertions with the same count pass', async () => {
    const setting = setUp();
    const key = authenticator();
    await setting.register('alice', key);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => setting.stepUp('alice', key, { counter: 7 })));
    const count = (outcome: object) => outcomes.filter((o) => JSON.stringify(o) === JSON.stringify(outcome)).length;
    assert.equal(count(VERIFIED), 1);
    assert.equal(count(failed('counter-regressed')), 49);
    assert.equal((await rowOf(setting, 'alice')).counter, 7);
    assert.equal(setting.events.length, 49);
  });
});

describe('the store', () => {
  it('that has lost the passkey meanwhile makes it an unknown one', async () => {
    const memory = memoryStore();
    const setting = setUp({
      store: {
        ...memory,
        passkeys: {
          ...memory.passkeys,
          async use(use) {
            await memory.passkeys.remove(use.userId, use.id);
            return memory.passkeys.use(use);
          },
        },
      },
    });
    const key = authenticator();
    await setting.register('alice', key);
    assert.deepEqual(await setting.stepUp('alice', key), failed('unknown-credential'));
    assert.deepEqual(setting.events, []);
  });

  for (const operation of ['find', 'use'] as const) {
    it(`that fails at ${operation} is not taken for a wrong answer`, async () => {
      const memory = memoryStore();
      const fault = new DependencyError(`passkeys.${operation}`, new Error('the disk is full'));
      const fail = () => Promise.reject(fault);
      const passkeys = { ...memory.passkeys, [operation]: fail };
      const key = authenticator();
      await setUp({ store: memory }).register('alice', key);
      await assert.rejects(setUp({ store: { ...memory, passkeys } }).stepUp('alice', key), fault);
    });
  }
});

describe('the user handle', () => {
  const [OLD, NEW] = ['the first secret, which has to be long', 'the next secret, which is as long as that'];

  it('stays good when the secret is replaced, and when the old one is taken away', async () => {
    const store = memoryStore();
    const key = authenticator();
    await setUp({ store, secret: OLD }).register('alice', key);
    for (const secret of [[NEW, OLD], [NEW]]) {
      assert.deepEqual(await setUp({ store, secret }).stepUp('alice', key), VERIFIED);
    }
  });

  it('may be of an older secret: one that was replaced between the halves of a registration', async () => {
    const store = memoryStore();
    const [before, after] = [setUp({ store, secret: OLD }), setUp({ store, secret: [NEW, OLD] })];
    const key = authenticator();
    const challenge = newChallenge();
    const begun = await before.method.registration.begin({
      services: before.services,
      userId: 'alice',
      now: NOW,
      challenge,
    });
    const response = key.create(creationOptions(begun));
    const answer = { response, challenge, label: null, onlyIfNone: true };
    const finished = await after.method.registration.finish(
      { services: after.services, userId: 'alice', now: NOW },
      answer,
    );
    assert.equal(finished.outcome, 'enrolled');
    assert.deepEqual(await after.stepUp('alice', key), VERIFIED);
    assert.deepEqual(await setUp({ store, secret: NEW }).stepUp('alice', key), failed('rejected'));
  });
});
