import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { MethodOutcome } from '../../../lib/methods/method.js';
import type { RegistrationOutcome } from '../../../lib/methods/passkey/registration.js';
import { sha256 } from '../../../lib/testing/authenticator/authenticator-data.js';
import { type Cbor, encodeCbor } from '../../../lib/testing/authenticator/cbor.js';
import type {
  AuthenticationResponseJSON,
  RegistrationResponseJSON,
} from '../../../lib/testing/authenticator/messages.js';
import { authenticator, creationOptions, NOW, newChallenge, RP_ID, requestOptions, setUp } from './setting.js';

const setting = setUp();
const key = authenticator();
await setting.register('alice', key);
const context = { services: setting.services, userId: 'alice', now: NOW + 1_000 };
const value = newChallenge();
const assertion = key.get(requestOptions(await setting.method.begin({ ...context, challenge: value })));
const registration = authenticator().create(
  creationOptions(await setting.method.registration.begin({ ...context, challenge: value })),
);
const rows = await setting.store.passkeys.listForUser('alice');

async function verify(response: unknown): Promise<MethodOutcome> {
  return setting.method.verify({ ...context, response, challenge: { value, createdAt: NOW + 1_000 } });
}

async function signIn(response: unknown) {
  return setting.method.signIn.verify(setting.services, { response, challenge: value, now: NOW + 1_000 });
}

async function register(response: unknown): Promise<RegistrationOutcome> {
  return setting.method.registration.finish(context, { response, challenge: value, label: null, onlyIfNone: false });
}

/** The answer is no, without a throw, and without a trace. */
async function isRefused(answer: Promise<{ outcome: string; reason?: string }>, ...reasons: string[]): Promise<void> {
  const { outcome, reason = '' } = await answer;
  assert.equal(outcome, 'failed');
  assert.ok(reasons.includes(reason), reason);
  assert.deepEqual(await setting.store.passkeys.listForUser('alice'), rows);
  assert.deepEqual(setting.events, []);
}

const base64url = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');

function asserted(response: Partial<AuthenticationResponseJSON['response']>): object {
  return { ...assertion, response: { ...assertion.response, ...response } };
}

function registered(response: Partial<RegistrationResponseJSON['response']>): object {
  return { ...registration, response: { ...registration.response, ...response } };
}

/** An array in an array, or a map in a map, as deep as fits into the bounds. */
const DEPTH = 11_000;
const nests: readonly (readonly [what: string, cbor: Uint8Array])[] = [
  ['nested arrays', Buffer.alloc(DEPTH, 0x81)],
  ['nested maps', Buffer.from('a100'.repeat(DEPTH / 2), 'hex')],
  ['nested tags', Buffer.alloc(DEPTH, 0xc1)],
  ['nested arrays that end well', Buffer.concat([Buffer.alloc(DEPTH, 0x81), Buffer.of(0)])],
  ['bytes of 2^53 - 1', Buffer.from('5b001fffffffffffff', 'hex')],
  ['bytes of 4 GiB', Buffer.from('5affffffff00', 'hex')],
  ['text of 4 GiB', Buffer.from('7affffffff00', 'hex')],
  ['an array of 2^32 members', Buffer.from('9affffffff00', 'hex')],
  ['a map of 2^32 members', Buffer.from('baffffffff0000', 'hex')],
  ['a map of 2^53 members', Buffer.from('bb001fffffffffffff0000', 'hex')],
  ['bytes without an end', Buffer.from('5f41004100', 'hex')],
  ['a map without an end', Buffer.from('bf0000', 'hex')],
  ['a map with a key twice', Buffer.from('a200010002', 'hex')],
  ['a map with a map for a key', Buffer.from('a1a0a0', 'hex')],
  ['a reserved length', Buffer.from('1c', 'hex')],
  ['half a number', Buffer.from('1a00', 'hex')],
  ['many empty arrays', Buffer.concat([Buffer.from('992af8', 'hex'), Buffer.alloc(DEPTH, 0x80)])],
  ['nothing that CBOR knows', Buffer.alloc(64, 0xff)],
  ['a number', Buffer.of(7)],
];

describe('what is no response', () => {
  const wrongMembers = [undefined, null, '', 7, {}, [], 'a b', 'ab+/', 'abcde', 'aaaa==', 'x'.repeat(1_365), 'é'];
  const forms: readonly unknown[] = [
    undefined,
    null,
    true,
    0,
    'passkey',
    [],
    {},
    Symbol('passkey'),
    () => assertion,
    assertion.response,
    [assertion],
    { response: assertion },
    JSON.stringify(assertion),
    ...['id', 'rawId', 'type', 'response'].flatMap((name) =>
      wrongMembers.map((wrong) => ({ ...assertion, [name]: wrong })),
    ),
  ];

  it('is refused as such', async () => {
    for (const form of forms) {
      await isRefused(verify(form), 'malformed');
      await isRefused(signIn(form), 'malformed');
      await isRefused(register(form), 'malformed');
    }
  });

  it('is refused whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (response) => {
        await isRefused(verify(response), 'malformed');
        await isRefused(signIn(response), 'malformed');
        await isRefused(register(response), 'malformed');
      }),
      { numRuns: 200 },
    );
  });

  const members = ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle', 'attestationObject'] as const;
  const wrongs = ['', 7, {}, [], true, 'a b', 'ab+/', 'abcde', 'aa==', 'é', 'a'.repeat(16_385)];
  for (const member of members) {
    it(`is refused when its ${member} is something else`, async () => {
      for (const wrong of [...wrongs, ...(member === 'userHandle' ? [] : [null, undefined])]) {
        const changed = { [member]: wrong };
        if (member !== 'attestationObject') await isRefused(verify(asserted(changed)), 'malformed');
        if (member === 'attestationObject' || member === 'clientDataJSON') {
          await isRefused(register(registered(changed)), 'malformed');
        }
      }
    });
  }

  it('is refused when it is too long altogether, though no part is', async () => {
    const long = 'a'.repeat(8_192);
    await isRefused(verify(asserted({ authenticatorData: long, signature: long })), 'malformed');
    await isRefused(register(registered({ attestationObject: long, clientDataJSON: long })), 'malformed');
  });
});

describe('client data that is no client data', () => {
  const texts = ['', ' ', 'null', '7', '"x"', '[]', '{', '{}x', '\u0000', '[', '{"a":', '['.repeat(6_000)];
  for (const text of [...texts, '['.repeat(5_000) + ']'.repeat(5_000), '{"a":'.repeat(2_000)]) {
    it(`is refused: ${JSON.stringify(text.slice(0, 12))}`, async () => {
      const clientDataJSON = base64url(text) || 'AA';
      await isRefused(verify(asserted({ clientDataJSON })), 'malformed', 'rejected');
      await isRefused(register(registered({ clientDataJSON })), 'malformed', 'rejected');
    });
  }

  for (const clientData of [
    { __proto__: null },
    JSON.parse('{"__proto__":{"type":"webauthn.get"},"constructor":1}'),
    { type: {}, challenge: [], origin: {}, crossOrigin: {}, topOrigin: {} },
    { type: 'webauthn.get', challenge: { length: 43 }, origin: 'https://app.example' },
    { type: ['webauthn.get'], challenge: [value], origin: ['https://app.example'] },
  ]) {
    it(`is refused: ${JSON.stringify(clientData).slice(0, 40)}`, async () => {
      const clientDataJSON = base64url(JSON.stringify(clientData));
      await isRefused(verify(asserted({ clientDataJSON })), 'rejected');
      await isRefused(register(registered({ clientDataJSON })), 'rejected');
    });
  }
});

describe('a CBOR bomb', () => {
  const rpIdHash = sha256(Buffer.from(RP_ID));
  const [UP_UV, AT, ED] = [0x05, 0x40, 0x80];
  /** Authenticator data that has passed everything by the time the bomb is reached. */
  const authData = (flags: number, rest: Uint8Array) =>
    Buffer.concat([rpIdHash, Buffer.of(UP_UV | flags), Buffer.alloc(4), rest]);
  const attested = (publicKey: Uint8Array) => Buffer.concat([Buffer.alloc(16), Buffer.of(0, 1, 7), publicKey]);
  const attestation = (data: Uint8Array, statement: Cbor = new Map()) =>
    encodeCbor(
      new Map<string, Cbor>([
        ['fmt', 'none'],
        ['attStmt', statement],
        ['authData', data],
      ]),
    );

  for (const [what, bomb] of nests) {
    it(`of ${what} is refused wherever it hides`, async () => {
      for (const data of [bomb, authData(ED, bomb), authData(AT, attested(bomb)), authData(AT, bomb)]) {
        await isRefused(verify(asserted({ authenticatorData: base64url(data) })), 'rejected');
      }
      await isRefused(register(registered({ attestationObject: base64url(bomb) })), 'malformed');
      for (const data of [bomb, authData(ED | AT, attested(bomb)), authData(AT, attested(bomb)), authData(AT, bomb)]) {
        await isRefused(register(registered({ attestationObject: base64url(attestation(data)) })), 'rejected');
      }
      const statement = new Map<string, Cbor>([['sig', bomb]]);
      const packed = attestation(authData(AT, attested(Buffer.of(0xa0))), statement);
      await isRefused(register(registered({ attestationObject: base64url(packed) })), 'rejected');
    });
  }
});

describe('a signature that is none', () => {
  const signatures: readonly (readonly [what: string, bytes: Uint8Array])[] = [
    ['one byte', Buffer.of(0)],
    ['random bytes', Buffer.alloc(72, 0x5a)],
    ['nested sequences of unknown length', Buffer.from('3080'.repeat(5_000), 'hex')],
    ['nested sequences', Buffer.from('30823fff'.repeat(2_500), 'hex')],
    ['a sequence of 4 GiB', Buffer.from('3084ffffffff0201', 'hex')],
    [
      'a sequence of many numbers',
      Buffer.concat([Buffer.from('30822710', 'hex'), Buffer.from('020100'.repeat(3_333), 'hex')]),
    ],
    [
      'a huge number',
      Buffer.concat([Buffer.from('3082271002822708', 'hex'), Buffer.alloc(9_992, 1), Buffer.from('020101', 'hex')]),
    ],
    ['zeros', Buffer.from('3006020100020100', 'hex')],
    ['the order of the curve', Buffer.from('3006020101020101', 'hex')],
  ];
  for (const [what, bytes] of signatures) {
    it(`is refused: ${what}`, async () => {
      await isRefused(verify(asserted({ signature: base64url(bytes) })), 'rejected');
    });
  }
});

describe('a good response', () => {
  it('with one bit changed anywhere is refused', async () => {
    const parts = ['clientDataJSON', 'authenticatorData', 'signature'] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...parts), fc.nat(), fc.integer({ min: 0, max: 7 }), async (part, at, bit) => {
        const bytes = Buffer.from(assertion.response[part], 'base64url');
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        await isRefused(verify(asserted({ [part]: base64url(bytes) })), 'malformed', 'rejected');
      }),
      { numRuns: 300 },
    );
  });

  it('cut off anywhere is refused', async () => {
    for (const part of ['clientDataJSON', 'authenticatorData', 'signature'] as const) {
      const bytes = Buffer.from(assertion.response[part], 'base64url');
      for (let length = 1; length < bytes.length; length++) {
        await isRefused(verify(asserted({ [part]: base64url(bytes.subarray(0, length)) })), 'malformed', 'rejected');
      }
    }
    const bytes = Buffer.from(registration.response.attestationObject, 'base64url');
    for (let length = 1; length < bytes.length; length++) {
      const attestationObject = base64url(bytes.subarray(0, length));
      await isRefused(register(registered({ attestationObject })), 'malformed', 'rejected');
    }
  });

  it('was good all the time', async () => {
    assert.deepEqual(await verify(assertion), { outcome: 'verified', credential: assertion.id });
    assert.equal((await register(registration)).outcome, 'enrolled');
  });
});
