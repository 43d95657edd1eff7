import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { parseCborMap } from '../../../lib/methods/passkey/encodings.js';
import { type Cbor, encodeCbor } from '../../../lib/testing/authenticator/cbor.js';
import type { RegistrationVariant } from '../../../lib/testing/authenticator/variants.js';
import { authenticator, creationOptions, NOW, newChallenge, ORIGIN, RP_ID, setUp } from './setting.js';
import { TEST_VECTORS } from './test-vectors.js';

// The numbers are the steps of WebAuthn Level 3, 7.1.

describe('the options of a registration', () => {
  it('ask for a discoverable passkey, user verification and no attestation', async () => {
    const { services, method } = setUp();
    const challenge = newChallenge();
    const options = await method.registration.begin({ services, userId: 'alice', now: NOW, challenge });
    const { user, ...rest } = { ...creationOptions(options) };
    assert.deepEqual(rest, {
      challenge,
      rp: { id: RP_ID, name: 'Example' },
      pubKeyCredParams: [-8, -7, -257].map((alg) => ({ alg, type: 'public-key' })),
      timeout: 300_000,
      attestation: 'none',
      excludeCredentials: [],
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      extensions: { credProps: true },
      hints: [],
    });
    assert.deepEqual({ ...user, id: null }, { id: null, name: 'alice@app.example', displayName: 'alice@app.example' });
  });

  it('name the user by a handle that is the same each time and says nothing of the id', async () => {
    const [first, second] = [
      'one secret of at least 32 bytes, or more',
      'another secret of at least 32 bytes',
    ] as const;
    const handleOf = async (userId: string, ...secret: string[]): Promise<string> => {
      const { services, method } = setUp({ secret });
      const context = { services, userId, now: NOW, challenge: newChallenge() };
      return creationOptions(await method.registration.begin(context)).user.id;
    };
    const handle = await handleOf('alice', first);
    assert.match(handle, /^[\w-]{43}$/);
    assert.equal(await handleOf('alice', first), handle);
    assert.equal(await handleOf('alice', first, second), handle);
    assert.notEqual(await handleOf('alice', second, first), handle);
    assert.notEqual(await handleOf('bob', first), handle);
  });

  it("exclude the user's own passkeys and nobody else's", async () => {
    const { services, method, register } = setUp();
    const own = await register('alice', authenticator());
    await register('bob', authenticator());
    assert.equal(own.outcome, 'enrolled');
    const options = creationOptions(
      await method.registration.begin({ services, userId: 'alice', now: NOW, challenge: newChallenge() }),
    );
    const id = own.outcome === 'enrolled' ? own.row.id : null;
    assert.deepEqual(options.excludeCredentials, [{ id, transports: ['internal'], type: 'public-key' }]);
  });

  it('are refused to a user who is unknown or disabled', async () => {
    const { services, method } = setUp();
    const context = { services, userId: 'nobody', now: NOW, challenge: newChallenge() };
    assert.deepEqual(await method.registration.begin(context), { outcome: 'unknown-user' });
  });
});

describe('a registration', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    it(`stores a passkey with ${algorithm}`, async () => {
      const { services, store, register } = setUp();
      const outcome = await register('alice', authenticator({ algorithm }));
      assert.equal(outcome.outcome, 'enrolled');
      const [row] = await store.passkeys.listForUser('alice');
      assert.ok(row);
      assert.deepEqual(row, outcome.outcome === 'enrolled' ? outcome.row : null);
      const { id, publicKey, userHandle, ...rest } = row;
      assert.match(id, /^[\w-]{43}$/);
      assert.match(publicKey, /^[\w-]+$/);
      assert.match(userHandle ?? '', /^[\w-]{43}$/);
      assert.deepEqual(rest, {
        userId: 'alice',
        rpID: RP_ID,
        counter: 0,
        backupEligible: false,
        backedUp: false,
        transports: ['internal'],
        label: null,
        createdAt: NOW,
        lastUsedAt: null,
      });
      assert.equal(services.secrets.length, 1);
    });
  }

  it('notes that a passkey is synced', async () => {
    const { store, register } = setUp();
    await register('alice', authenticator({ synced: true }));
    const [row] = await store.passkeys.listForUser('alice');
    assert.deepEqual([row?.backupEligible, row?.backedUp], [true, true]);
  });

  const refused: readonly (readonly [what: string, variant: RegistrationVariant])[] = [
    ['7: the type of an assertion', { clientData: { type: 'webauthn.get' } }],
    ['7: no type', { clientData: { type: undefined } }],
    ['8: another challenge', { clientData: { challenge: newChallenge() } }],
    ['9: another origin', { clientData: { origin: 'https://evil.example' } }],
    ['9: a subdomain that is not listed', { clientData: { origin: 'https://www.app.example' } }],
    ['9: the origin in clear', { clientData: { origin: 'http://app.example' } }],
    ['9: the origin with a port', { clientData: { origin: `${ORIGIN}:8443` } }],
    ['10: a frame of another site', { clientData: { crossOrigin: true } }],
    ['10: an odd crossOrigin', { clientData: { crossOrigin: 'true' } }],
    ['11: a top origin', { clientData: { crossOrigin: true, topOrigin: 'https://partner.example' } }],
    ['11: a top origin without a frame', { clientData: { topOrigin: ORIGIN } }],
    ['14: another RP', { rpId: 'evil.example' }],
    ['15: no user present', { userPresent: false }],
    ['16: no user verified', { userVerified: false }],
    ['17: backed up without being eligible', { backupEligible: false, backedUp: true }],
  ];

  for (const [what, variant] of refused) {
    it(`is refused at step ${what}`, async () => {
      const { store, register } = setUp();
      assert.deepEqual(await register('alice', authenticator(), variant), { outcome: 'failed', reason: 'rejected' });
      assert.deepEqual(await store.passkeys.listForUser('alice'), []);
    });
  }

  it('is accepted in the frame of a site that is listed (steps 10, 11), and of no other', async () => {
    const { register } = setUp({ allowedTopOrigins: ['https://partner.example'] });
    const framedBy = (topOrigin: string) => ({ clientData: { crossOrigin: true, topOrigin } });
    const outcome = async (variant: RegistrationVariant) => (await register('alice', authenticator(), variant)).outcome;
    assert.equal(await outcome(framedBy('https://partner.example')), 'enrolled');
    assert.equal(await outcome(framedBy('https://evil.example')), 'failed');
    assert.equal(await outcome({ clientData: { crossOrigin: true } }), 'failed');
    assert.equal(await outcome({ clientData: { topOrigin: 'https://partner.example' } }), 'failed');
    assert.equal(await outcome({}), 'enrolled');
  });

  const algorithms = [
    ['an algorithm that was not asked for', 0x33], // -20
    ['a key of another kind than its algorithm', 0x26], // -7: ES256
  ] as const;
  for (const [what, given] of algorithms)
    it(`is refused with ${what} (step 20)`, async () => {
      const { services, method } = setUp();
      const context = { services, userId: 'alice', now: NOW };
      const challenge = newChallenge();
      const options = creationOptions(await method.registration.begin({ ...context, challenge }));
      const response = authenticator().create(options);
      const attestation = Buffer.from(response.response.attestationObject, 'base64url');
      const at = attestation.indexOf(Buffer.from('a401010327', 'hex')); // so begins a key for EdDSA, {1: 1, 3: -8
      assert.notEqual(at, -1);
      attestation[at + 4] = given;
      response.response.attestationObject = attestation.toString('base64url');
      const answer = { response, challenge, label: null, onlyIfNone: false };
      assert.deepEqual(await method.registration.finish(context, answer), { outcome: 'failed', reason: 'rejected' });
    });

  it('is refused when the id that it states is not the one of the credential', async () => {
    const { services, method } = setUp();
    const context = { services, userId: 'alice', now: NOW };
    const challenge = newChallenge();
    const options = creationOptions(await method.registration.begin({ ...context, challenge }));
    const response = authenticator().create(options);
    const other = Buffer.alloc(32, 7).toString('base64url');
    const answer = { response: { ...response, id: other, rawId: other }, challenge, label: null, onlyIfNone: false };
    assert.deepEqual(await method.registration.finish(context, answer), { outcome: 'failed', reason: 'rejected' });
  });

  it('takes an id of 1,023 bytes and none of more (step 25)', async () => {
    const { store, register } = setUp();
    const credentialId = Buffer.alloc(1_023, 1).toString('base64url');
    assert.equal((await register('alice', authenticator(), { credentialId })).outcome, 'enrolled');
    const longer = Buffer.alloc(1_024, 1).toString('base64url');
    assert.deepEqual(await register('alice', authenticator(), { credentialId: longer }), {
      outcome: 'failed',
      reason: 'malformed',
    });
    assert.equal((await store.passkeys.listForUser('alice')).length, 1);
  });

  it('is refused with an id that is there already, whoever has it (step 26)', async () => {
    const { store, register } = setUp();
    const credentialId = Buffer.alloc(32, 1).toString('base64url');
    await register('alice', authenticator(), { credentialId });
    const before = await store.passkeys.findById(credentialId);
    for (const userId of ['alice', 'mallory']) {
      const outcome = await register(userId, authenticator(), { credentialId });
      assert.deepEqual(outcome, { outcome: 'failed', reason: 'already-enrolled' });
    }
    assert.deepEqual(await store.passkeys.findById(credentialId), before);
  });

  it('as the first is refused to a user who has one by now', async () => {
    const { services, method, register } = setUp();
    const context = { services, userId: 'alice', now: NOW };
    const challenge = newChallenge();
    const options = creationOptions(await method.registration.begin({ ...context, challenge }));
    await register('alice', authenticator());
    const answer = { response: authenticator().create(options), challenge, label: null, onlyIfNone: true };
    assert.deepEqual(await method.registration.finish(context, answer), {
      outcome: 'failed',
      reason: 'not-first-method',
    });
  });

  it('of 20 parallel first ones succeeds once', async () => {
    const { services, store, method } = setUp();
    const context = { services, userId: 'alice', now: NOW };
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const challenge = newChallenge();
        const options = creationOptions(await method.registration.begin({ ...context, challenge }));
        return {
          response: authenticator({ algorithm: 'ES256' }).create(options),
          challenge,
          label: null,
          onlyIfNone: true,
        };
      }),
    );
    const outcomes = await Promise.all(answers.map((answer) => method.registration.finish(context, answer)));
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'enrolled').length, 1);
    assert.equal((await store.passkeys.listForUser('alice')).length, 1);
  });

  it('keeps what a browser says of the ways to reach the passkey, new words too', async () => {
    const { services, store, method } = setUp();
    const context = { services, userId: 'alice', now: NOW };
    const challenge = newChallenge();
    const options = creationOptions(await method.registration.begin({ ...context, challenge }));
    const response = authenticator().create(options);
    response.response.transports = ['hybrid', 'smoke-signals'];
    const outcome = await method.registration.finish(context, {
      response,
      challenge,
      label: 'phone',
      onlyIfNone: false,
    });
    assert.equal(outcome.outcome, 'enrolled');
    const [row] = await store.passkeys.listForUser('alice');
    assert.deepEqual(row?.transports, ['hybrid', 'smoke-signals']);
    assert.equal(row?.label, 'phone');
  });

  it('ignores members and client extensions that nobody asked for', async () => {
    const { services, method } = setUp();
    const context = { services, userId: 'alice', now: NOW };
    const challenge = newChallenge();
    const options = creationOptions(await method.registration.begin({ ...context, challenge }));
    const response = authenticator().create(options, { clientData: { tomorrow: { a: [1] } } });
    const more = { ...response, clientExtensionResults: { credProps: { rk: true }, prf: {} }, tomorrow: 1 };
    const answer = { response: more, challenge, label: null, onlyIfNone: false };
    assert.equal((await method.registration.finish(context, answer)).outcome, 'enrolled');
  });
});

describe('the transports of a registration', () => {
  const cases: readonly (readonly [given: unknown, kept: readonly string[]])[] = [
    [undefined, []],
    [null, []],
    ['usb', []],
    [{}, []],
    [7, []],
    [[''], []],
    [['a b'], []],
    [['x'.repeat(33)], []],
    [[['usb']], []],
    [
      ['usb', 7, '', null, 'nfc', 'a\0b', '\ud83e', 'tomorrow'],
      ['usb', 'nfc', 'tomorrow'],
    ],
    [Array.from({ length: 1_000 }, (_, n) => `t${n}`), Array.from({ length: 10 }, (_, n) => `t${n}`)],
  ];

  for (const [given, kept] of cases) {
    it(`are hints, and no reason to refuse it: ${JSON.stringify(given)?.slice(0, 30)}`, async () => {
      const { services, method, store } = setUp();
      const context = { services, userId: 'alice', now: NOW };
      const challenge = newChallenge();
      const created = authenticator().create(
        creationOptions(await method.registration.begin({ ...context, challenge })),
      );
      const response = { ...created, response: { ...created.response, transports: given } };
      const outcome = await method.registration.finish(context, { response, challenge, label: null, onlyIfNone: true });
      assert.equal(outcome.outcome, 'enrolled');
      assert.deepEqual((await store.passkeys.findById(created.id))?.transports, kept);
    });
  }
});

describe('the attestation of a registration', () => {
  const vector = (title: string) => {
    const found = TEST_VECTORS.find((candidate) => candidate.title === title);
    assert.ok(found);
    return found;
  };

  async function finish(title: string, attestation?: Uint8Array) {
    const { services, method } = setUp({ rpID: 'example.org', origins: ['https://example.org'] });
    const { id, registration } = vector(title);
    const { challenge, clientDataJSON, attestationObject } = registration;
    const object = attestation === undefined ? attestationObject : Buffer.from(attestation).toString('base64url');
    const response = { clientDataJSON, attestationObject: object };
    const answer = {
      response: { id, rawId: id, type: 'public-key', response },
      challenge,
      label: null,
      onlyIfNone: false,
    };
    return method.registration.finish({ services, userId: 'alice', now: NOW }, answer);
  }

  it('may be one by the passkey itself, as in the test vector', async () => {
    const outcome = await finish('ES256, self-attested');
    assert.equal(outcome.outcome, 'enrolled');
    const { publicKey, backupEligible } = vector('ES256, self-attested');
    assert.deepEqual(outcome.outcome === 'enrolled' && [outcome.row.publicKey, outcome.row.backupEligible], [
      publicKey,
      backupEligible,
    ]);
  });

  it('is refused when that signature is wrong (step 21)', async () => {
    const { attestationObject } = vector('ES256, self-attested').registration;
    const attestation = Buffer.from(attestationObject, 'base64url');
    // After "sig" come two bytes for the kind and the length.
    const signature = attestation.indexOf(Buffer.from('63736967', 'hex')) + 6;
    attestation[signature + 20] = (attestation[signature + 20] ?? 0) ^ 1;
    assert.deepEqual(await finish('ES256, self-attested', attestation), { outcome: 'failed', reason: 'rejected' });
  });

  it('is refused when that signature is right, but not in DER', async () => {
    const { attestationObject } = vector('ES256, self-attested').registration;
    const attestation = parseCborMap(Buffer.from(attestationObject, 'base64url'));
    const statement = attestation?.get('attStmt');
    assert.ok(attestation && statement instanceof Map);
    const signature = statement.get('sig');
    assert.ok(signature instanceof Uint8Array);
    const misspelt = new Map(statement).set('sig', Buffer.concat([signature, Buffer.of(0)]));
    const outcome = await finish('ES256, self-attested', encodeCbor(new Map(attestation).set('attStmt', misspelt)));
    assert.deepEqual(outcome, { outcome: 'failed', reason: 'rejected' });
  });

  for (const title of ['ES256', 'RS256']) {
    it(`is taken for none when it brings certificates, as in the test vector ${title}`, async () => {
      const outcome = await finish(title);
      assert.ok(outcome.outcome === 'enrolled', JSON.stringify(outcome));
      assert.equal(outcome.row.publicKey, vector(title).publicKey);
    });
  }

  for (const title of ['ES384', 'Ed448']) {
    it(`opens no way for an algorithm that was not asked for, as in the test vector ${title}`, async () => {
      assert.deepEqual(await finish(title), { outcome: 'failed', reason: 'rejected' });
    });
  }

  /** The attestation of the test vector ES256, in another format. */
  function attested(format: Cbor, statement: Cbor, change: (authData: Uint8Array) => void = () => {}): Uint8Array {
    const bytes = Buffer.from(vector('ES256').registration.attestationObject, 'base64url');
    const authData = parseCborMap(bytes)?.get('authData');
    assert.ok(authData instanceof Uint8Array);
    change(authData);
    return encodeCbor(
      new Map<string, Cbor>([
        ['fmt', format],
        ['attStmt', statement],
        ['authData', authData],
      ]),
    );
  }

  for (const format of ['fido-u2f', 'tpm', 'apple', 'android-key', 'android-safetynet', 'unheard-of', '', 'none']) {
    it(`is taken for none in the format '${format}', whatever is in it`, async () => {
      const rubbish = new Map<string, Cbor>([
        ['x5c', Buffer.from('no certificate')],
        ['sig', Buffer.alloc(8)],
        ['ver', '2.0'],
      ]);
      const outcome = await finish('ES256', attested(format, rubbish));
      assert.ok(outcome.outcome === 'enrolled', JSON.stringify(outcome));
      assert.equal(outcome.row.publicKey, vector('ES256').publicKey);
    });
  }

  it('has everything else checked as of one that brings none: the domain, the user, the verification', async () => {
    const statement = new Map<string, Cbor>([['x5c', Buffer.alloc(1)]]);
    const UV = 0x04;
    for (const at of [0, 31, 32]) {
      const attestation = attested('packed', statement, (authData) => {
        authData[at] = (authData[at] ?? 0) ^ (at === 32 ? UV : 1);
      });
      assert.deepEqual(await finish('ES256', attestation), { outcome: 'failed', reason: 'rejected' });
    }
  });

  it('is malformed without its parts', async () => {
    for (const [format, statement] of [
      [1, new Map()],
      [Buffer.from('none'), new Map()],
    ] as const) {
      assert.deepEqual(await finish('ES256', attested(format, statement)), { outcome: 'failed', reason: 'malformed' });
    }
    const parts = [...(parseCborMap(attested('packed', new Map())) ?? [])];
    for (const part of parts) {
      const without = encodeCbor(new Map(parts.filter((other) => other !== part)));
      assert.deepEqual(await finish('ES256', without), { outcome: 'failed', reason: 'malformed' });
    }
  });
});
