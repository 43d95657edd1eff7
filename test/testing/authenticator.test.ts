import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type WebAuthnCredential,
} from '@simplewebauthn/server';
import { decodeAttestationObject, decodeClientDataJSON, parseAuthenticatorData } from '@simplewebauthn/server/helpers';
import { encodeCbor } from '../../lib/testing/authenticator/cbor.js';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '../../lib/testing/authenticator/messages.js';
import {
  type SoftwareAuthenticator,
  softwareAuthenticator,
} from '../../lib/testing/authenticator/software-authenticator.js';
import type { AuthenticationVariant, RegistrationVariant } from '../../lib/testing/authenticator/variants.js';

const ORIGIN = 'https://app.example';
const RP_ID = 'app.example';
const USER = Buffer.from('user-1');

type Options<F extends (options: never) => unknown> = Partial<Parameters<F>[0]>;

async function creationOptions(more: Options<typeof generateRegistrationOptions> = {}) {
  return generateRegistrationOptions({ rpName: 'Example', rpID: RP_ID, userName: 'alice', userID: USER, ...more });
}

async function requestOptions(more: Options<typeof generateAuthenticationOptions> = {}) {
  return generateAuthenticationOptions({ rpID: RP_ID, userVerification: 'required', ...more });
}

/** Registers as a server does; gives what it would store. */
async function register(
  authenticator: SoftwareAuthenticator,
  variant: RegistrationVariant = {},
): Promise<WebAuthnCredential & { response: RegistrationResponseJSON }> {
  const options = await creationOptions();
  const response = authenticator.create(options, variant);
  const { registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge: options.challenge,
    expectedOrigin: ORIGIN,
    expectedRPID: RP_ID,
  });
  assert.ok(registrationInfo);
  return { ...registrationInfo.credential, response };
}

/** Signs, and verifies as a server does that knows the credential with this counter. */
async function authenticate(
  authenticator: SoftwareAuthenticator,
  credential: WebAuthnCredential,
  variant: AuthenticationVariant = {},
): ReturnType<typeof verifyAuthenticationResponse> {
  const options = await requestOptions();
  return verifyAuthenticationResponse({
    response: authenticator.get(options, variant),
    expectedChallenge: options.challenge,
    expectedOrigin: ORIGIN,
    expectedRPID: RP_ID,
    credential,
  });
}

function partsOf({ response }: RegistrationResponseJSON | AuthenticationResponseJSON) {
  const { flags, counter } = parseAuthenticatorData(
    new Uint8Array(Buffer.from(response.authenticatorData, 'base64url')),
  );
  return { clientData: { ...decodeClientDataJSON(response.clientDataJSON) }, flags, counter };
}

const ALGORITHMS = { ES256: -7, EdDSA: -8, RS256: -257 } as const;

for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
  describe(`a software authenticator with ${algorithm}`, () => {
    const authenticator = softwareAuthenticator({ origin: ORIGIN, algorithm });

    it('makes a credential and signs with it', async () => {
      const credential = await register(authenticator);
      assert.equal(credential.response.response.publicKeyAlgorithm, ALGORITHMS[algorithm]);
      for (const counter of [1, 2, 3]) {
        const { verified, authenticationInfo } = await authenticate(authenticator, {
          ...credential,
          counter: counter - 1,
        });
        assert.equal(verified, true);
        assert.equal(authenticationInfo.newCounter, counter);
        assert.equal(authenticationInfo.userVerified, true);
        assert.equal(authenticationInfo.credentialDeviceType, 'singleDevice');
      }
    });

    it('tampers with the signature when asked to', async () => {
      const credential = await register(authenticator);
      const { verified } = await authenticate(authenticator, credential, { tamperSignature: true });
      assert.equal(verified, false);
    });
  });
}

describe('a software authenticator', () => {
  const refused: readonly (readonly [title: string, variant: RegistrationVariant, message: RegExp])[] = [
    ['no user present', { userPresent: false }, /user was not present|User not present/],
    ['no user verified', { userVerified: false }, /could not be verified/],
    ['a foreign origin', { clientData: { origin: 'https://evil.example' } }, /origin/],
    ['an origin in clear', { clientData: { origin: 'http://app.example' } }, /origin/],
    ['no origin', { clientData: { origin: undefined } }, /origin/],
    ['another type', { clientData: { type: 'payment.get' } }, /type/],
    ['another challenge', { clientData: { challenge: 'b3RoZXI' } }, /challenge/],
    ['another RP', { rpId: 'evil.example' }, /RP ID/],
    ['a backup of what can have none', { backupEligible: false, backedUp: true }, /backed up/],
  ];

  for (const [title, variant, message] of refused) {
    it(`makes a registration with ${title}, which a server refuses`, async () => {
      await assert.rejects(register(softwareAuthenticator({ origin: ORIGIN }), variant), { message });
    });

    it(`makes an assertion with ${title}, which a server refuses`, async () => {
      const authenticator = softwareAuthenticator({ origin: ORIGIN });
      const credential = await register(authenticator);
      await assert.rejects(authenticate(authenticator, credential, variant), { message });
    });
  }

  it('states a counter that went back or stood still, and keeps its own', async () => {
    const authenticator = softwareAuthenticator({ origin: ORIGIN });
    const credential = { ...(await register(authenticator)), counter: 1 };
    for (const counter of [0, 1]) {
      await assert.rejects(authenticate(authenticator, credential, { counter }), /counter/);
    }
    const ahead = await authenticate(authenticator, credential, { counter: 0xffffffff });
    assert.equal(ahead.authenticationInfo.newCounter, 0xffffffff);
    const { authenticationInfo } = await authenticate(authenticator, { ...credential, counter: 0 });
    assert.equal(authenticationInfo.newCounter, 1);
  });

  it('is backed up and counts nothing when it is a synced one', async () => {
    const authenticator = softwareAuthenticator({ origin: ORIGIN, synced: true });
    const credential = await register(authenticator);
    for (const _ of [1, 2]) {
      const { verified, authenticationInfo } = await authenticate(authenticator, credential);
      assert.equal(verified, true);
      assert.equal(authenticationInfo.newCounter, 0);
      assert.equal(authenticationInfo.credentialDeviceType, 'multiDevice');
      assert.equal(authenticationInfo.credentialBackedUp, true);
    }
  });

  it('changes backup eligibility and state as asked, which this verifier leaves to its caller', async () => {
    const authenticator = softwareAuthenticator({ origin: ORIGIN });
    const credential = await register(authenticator);
    const flip = { backupEligible: true, backedUp: true };
    const { verified, authenticationInfo } = await authenticate(authenticator, credential, flip);
    assert.equal(verified, true);
    assert.equal(authenticationInfo.credentialDeviceType, 'multiDevice');
    const { flags } = partsOf(authenticator.get(await requestOptions(), { backupEligible: true }));
    assert.deepEqual({ be: flags.be, bs: flags.bs }, { be: true, bs: false });
  });

  it('says that it was framed, with or without the top origin', async () => {
    const authenticator = softwareAuthenticator({ origin: ORIGIN });
    const credential = await register(authenticator);
    const framed = { crossOrigin: true, topOrigin: 'https://evil.example' };
    await assert.rejects(authenticate(authenticator, credential, { clientData: framed }), /cross-origin/);
    const lie = { topOrigin: 'https://evil.example' };
    await assert.rejects(authenticate(authenticator, credential, { clientData: lie }), /top origin/);
    // Without a top origin, and in a registration, the verifier leaves it to its caller.
    const silent = authenticator.get(await requestOptions(), { clientData: { crossOrigin: true } });
    assert.equal(partsOf(silent).clientData.crossOrigin, true);
    const created = authenticator.create(await creationOptions(), { clientData: framed });
    assert.deepEqual(partsOf(created).clientData, { ...partsOf(created).clientData, ...framed });
  });

  it('adds members to the client data, and signs what it sends', async () => {
    const authenticator = softwareAuthenticator({ origin: ORIGIN });
    const clientData = { other_keys_can_be_added_here: 'ä"\\\u2028', tokenBinding: { status: 'supported' } };
    const credential = await register(authenticator, { clientData: { extra: [1] } });
    assert.equal((await authenticate(authenticator, credential, { clientData })).verified, true);
    const response = authenticator.get(await requestOptions(), { clientData });
    assert.deepEqual(partsOf(response).clientData, { ...partsOf(response).clientData, ...clientData });
  });

  it('gives the user handle of the registration, another one, or none', async () => {
    const authenticator = softwareAuthenticator({ origin: ORIGIN });
    await register(authenticator);
    const options = await requestOptions();
    assert.equal(authenticator.get(options).response.userHandle, USER.toString('base64url'));
    assert.equal(authenticator.get(options, { userHandle: 'Ym9i' }).response.userHandle, 'Ym9i');
    assert.equal('userHandle' in authenticator.get(options, { userHandle: null }).response, false);
  });

  it('answers with the newest credential of the RP, or the newest that is listed', async () => {
    const authenticator = softwareAuthenticator({ origin: ORIGIN });
    const first = await register(authenticator);
    const second = await register(authenticator);
    const elsewhere = authenticator.create(await creationOptions({ rpID: 'other.example' }));
    assert.equal(authenticator.get(await requestOptions()).id, second.id);
    assert.equal(authenticator.get(await requestOptions({ allowCredentials: [{ id: first.id }] })).id, first.id);
    assert.equal(authenticator.get(await requestOptions({ rpID: 'other.example' })).id, elsewhere.id);
  });

  it('answers with an unlisted credential, or under a stolen id, when asked to', async () => {
    const authenticator = softwareAuthenticator({ origin: ORIGIN });
    const victim = await register(softwareAuthenticator({ origin: ORIGIN }));
    const own = await register(authenticator);
    const options = await requestOptions({ allowCredentials: [{ id: victim.id }] });
    assert.equal(authenticator.get(options, { credentialId: own.id }).id, own.id);

    const response = authenticator.get(options, { credentialId: own.id, statedId: victim.id });
    assert.equal(response.id, victim.id);
    const { verified } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: options.challenge,
      expectedOrigin: ORIGIN,
      expectedRPID: RP_ID,
      credential: victim,
    });
    assert.equal(verified, false);
  });

  it('makes a credential under an id that is taken, when asked to', async () => {
    const victim = await register(softwareAuthenticator({ origin: ORIGIN }));
    const copy = await register(softwareAuthenticator({ origin: ORIGIN }), { credentialId: victim.id });
    assert.equal(copy.id, victim.id);
    assert.notDeepEqual(copy.publicKey, victim.publicKey);
  });

  it('takes the first offered algorithm that it has', async () => {
    for (const supportedAlgorithmIDs of [[-257], [-7, -8], [-8, -7], [-50, -7]]) {
      const options = await creationOptions({ supportedAlgorithmIDs });
      const { response } = softwareAuthenticator({ origin: ORIGIN }).create(options);
      assert.equal(
        response.publicKeyAlgorithm,
        supportedAlgorithmIDs.find((id) => id !== -50),
      );
    }
  });

  it('takes the host of the origin where the options name no RP', async () => {
    const authenticator = softwareAuthenticator({ origin: 'http://localhost:3000' });
    const { rp: _, ...options } = await creationOptions();
    const { id } = authenticator.create({ ...options, rp: {} });
    assert.equal(authenticator.get({ challenge: 'YQ' }).id, id);
    assert.equal(authenticator.get({ challenge: 'YQ', rpId: 'localhost' }).id, id);
  });

  it('fails by the names that a browser uses', async () => {
    const authenticator = softwareAuthenticator({ origin: ORIGIN });
    const { id } = await register(authenticator);
    const again = await creationOptions({ excludeCredentials: [{ id }] });
    assert.throws(() => authenticator.create(again), { name: 'InvalidStateError' });
    const strange = await creationOptions({ supportedAlgorithmIDs: [-50] });
    assert.throws(() => authenticator.create(strange), { name: 'NotSupportedError' });
    const foreign = await requestOptions({ allowCredentials: [{ id: 'b3RoZXI' }] });
    assert.throws(() => authenticator.get(foreign), { name: 'NotAllowedError' });
    const elsewhere = await requestOptions({ rpID: 'other.example' });
    assert.throws(() => authenticator.get(elsewhere), { name: 'NotAllowedError' });
    assert.throws(() => authenticator.get(elsewhere, { credentialId: 'b3RoZXI' }), { name: 'NotAllowedError' });
  });

  it('says the same of a new credential in every member of the response', async () => {
    const { response } = softwareAuthenticator({ origin: ORIGIN }).create(await creationOptions());
    const attestation = decodeAttestationObject(new Uint8Array(Buffer.from(response.attestationObject, 'base64url')));
    assert.equal(Buffer.from(attestation.get('authData')).toString('base64url'), response.authenticatorData);
    assert.equal(attestation.get('fmt'), 'none');
    assert.equal(attestation.get('attStmt').size, 0);
  });
});

describe('encodeCbor', () => {
  for (const [value, hex] of [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [-1, '20'],
    [-24, '37'],
    [-25, '3818'],
    [-257, '390100'],
    ['', '60'],
    ['ü', '62c3bc'],
    [Uint8Array.of(1, 2), '420102'],
    [
      new Map<number | string, number>([
        [1, 2],
        ['a', -1],
      ]),
      'a20102616120',
    ],
  ] as const) {
    it(`writes ${hex}`, () => assert.equal(Buffer.from(encodeCbor(value)).toString('hex'), hex));
  }

  it('refuses what is too long for it', () => {
    assert.equal(encodeCbor(Buffer.alloc(65_535)).length, 65_538);
    assert.throws(() => encodeCbor(Buffer.alloc(65_536)), RangeError);
  });
});
