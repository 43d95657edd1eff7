import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { AuthenticationVariant } from '../../../lib/testing/authenticator/variants.js';
import { authenticator, NOW, newChallenge, RP_ID, requestOptions, type Setting, setUp } from './setting.js';

async function signIn(
  { services, method }: Setting,
  by: ReturnType<typeof authenticator>,
  variant?: AuthenticationVariant,
) {
  const challenge = newChallenge();
  const response = by.get(requestOptions(await method.signIn.begin({ challenge })), variant);
  return method.signIn.verify(services, { response, challenge, now: NOW + 1_000 });
}

describe('the options of a sign-in', () => {
  it('ask for user verification and name no passkey', async () => {
    const challenge = newChallenge();
    assert.deepEqual(requestOptions(await setUp().method.signIn.begin({ challenge })), {
      rpId: RP_ID,
      challenge,
      timeout: 300_000,
      userVerification: 'required',
    });
  });
});

describe('a sign-in', () => {
  it('says who it is, and notes the use', async () => {
    const setting = setUp();
    const [alices, bobs] = [authenticator(), authenticator({ synced: true })];
    await setting.register('alice', alices);
    await setting.register('bob', bobs);
    assert.deepEqual(await signIn(setting, alices), { outcome: 'verified', userId: 'alice' });
    assert.deepEqual(await signIn(setting, bobs), { outcome: 'verified', userId: 'bob' });
    const [row] = await setting.store.passkeys.listForUser('alice');
    assert.deepEqual([row?.counter, row?.lastUsedAt], [1, NOW + 1_000]);
  });

  it('needs the user handle, since nobody has said who they are (7.2 step 6)', async () => {
    const setting = setUp();
    const key = authenticator();
    await setting.register('alice', key);
    assert.deepEqual(await signIn(setting, key, { userHandle: null }), { outcome: 'failed', reason: 'malformed' });
  });

  it("is refused with another user's handle", async () => {
    const setting = setUp();
    const key = authenticator();
    await setting.register('alice', key);
    await setting.register('bob', authenticator());
    const [bob] = await setting.store.passkeys.listForUser('bob');
    const outcome = await signIn(setting, key, { userHandle: bob?.userHandle ?? null });
    assert.deepEqual(outcome, { outcome: 'failed', reason: 'rejected' });
  });

  it('with a passkey that somebody else has registered as theirs is refused by the handle', async () => {
    // Whoever knows the id and the public key of a removed passkey could claim it: attestation `none` proves nothing.
    const setting = setUp();
    const key = authenticator();
    await setting.register('alice', key);
    const [row] = await setting.store.passkeys.listForUser('alice');
    assert.ok(row);
    await setting.method.remove({ services: setting.services, userId: 'alice', now: NOW }, row.id);
    await setting.register('mallory', authenticator());
    const [mallory] = await setting.store.passkeys.listForUser('mallory');
    assert.ok(mallory);
    await setting.store.passkeys.insert(
      { ...row, userId: 'mallory', userHandle: mallory.userHandle },
      { onlyIfNone: false, max: 50 },
    );
    assert.deepEqual(await signIn(setting, key), { outcome: 'failed', reason: 'rejected' });
  });

  it('is refused with a passkey that is unknown', async () => {
    const setting = setUp();
    const key = authenticator();
    await setUp().register('alice', key);
    const unknown = { outcome: 'failed', reason: 'unknown-credential', isNobodys: true };
    assert.deepEqual(await signIn(setting, key), unknown);
  });

  for (const [what, variant] of [
    ['another challenge', { clientData: { challenge: newChallenge() } }],
    ['another origin', { clientData: { origin: 'https://evil.example' } }],
    ['no user verified', { userVerified: false }],
    ['a frame of another site', { clientData: { crossOrigin: true } }],
    ['another signature', { tamperSignature: true }],
  ] as const) {
    it(`is refused with ${what}`, async () => {
      const setting = setUp();
      const key = authenticator();
      await setting.register('alice', key);
      assert.deepEqual(await signIn(setting, key, variant), { outcome: 'failed', reason: 'rejected' });
      const [row] = await setting.store.passkeys.listForUser('alice');
      assert.deepEqual([row?.counter, row?.lastUsedAt], [0, null]);
    });
  }

  it('is refused with a counter that went back, which is told', async () => {
    const setting = setUp();
    const key = authenticator();
    await setting.register('alice', key);
    await signIn(setting, key, { counter: 5 });
    const outcome = await signIn(setting, key, { counter: 5 });
    assert.deepEqual(outcome, { outcome: 'failed', reason: 'counter-regressed', userId: 'alice' });
    assert.deepEqual(
      setting.events.map(({ type }) => type),
      ['passkey.counter-regressed'],
    );
  });

  it('is accepted with a counter that went back with `counter: report`, and that is told', async () => {
    const setting = setUp({ counter: 'report' });
    const key = authenticator();
    await setting.register('alice', key);
    await signIn(setting, key, { counter: 5 });
    assert.deepEqual(await signIn(setting, key, { counter: 0 }), { outcome: 'verified', userId: 'alice' });
    assert.deepEqual(
      setting.events.map(({ type }) => type),
      ['passkey.counter-regressed'],
    );
  });

  it('is refused when its backup eligibility has changed, and says whose passkey it is', async () => {
    const setting = setUp();
    const key = authenticator();
    await setting.register('alice', key);
    const reason = 'backup-eligibility-changed';
    const outcome = await signIn(setting, key, { backupEligible: true });
    assert.deepEqual(outcome, { outcome: 'failed', reason, userId: 'alice' });
    const forged = await signIn(setting, key, { backupEligible: true, tamperSignature: true });
    assert.deepEqual(forged, { outcome: 'failed', reason: 'rejected' });
  });
});
