import assert from 'node:assert/strict';
import { createVerify, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isDerSignature } from '../../../lib/methods/passkey/encodings.js';
import { sha256 } from '../../../lib/testing/authenticator/authenticator-data.js';
import { encodeCbor } from '../../../lib/testing/authenticator/cbor.js';
import { NOW, newChallenge, ORIGIN, RP_ID, setUp } from './setting.js';

const CURVES = [
  { name: 'ES256', alg: -7, crv: 1, bytes: 32, namedCurve: 'P-256', digest: 'sha256' },
  { name: 'ES384', alg: -35, crv: 2, bytes: 48, namedCurve: 'P-384', digest: 'sha384' },
  { name: 'ES512', alg: -36, crv: 3, bytes: 66, namedCurve: 'P-521', digest: 'sha512' },
] as const;

type Curve = (typeof CURVES)[number];

/** Something with a tag and a length. */
function element(tag: number, content: Uint8Array): Buffer {
  const length = content.length < 0x80 ? [content.length] : [0x81, content.length];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

const integer = (content: Uint8Array): Buffer => element(0x02, content);
const sequence = (...elements: readonly Uint8Array[]): Buffer => element(0x30, Buffer.concat(elements));
const zero = Buffer.of(0);

/** The contents of r and s, of a signature in DER. */
function numbersOf(der: Buffer): readonly [r: Buffer, s: Buffer] {
  const start = der[1] === 0x81 ? 3 : 2;
  const sAt = start + 2 + (der[start + 1] ?? 0);
  return [der.subarray(start + 2, sAt), der.subarray(sAt + 2)];
}

/** Other spellings of a signature; in most of them r and s are whole. */
function misspelt(der: Buffer, bytes: number): Readonly<Record<string, Buffer>> {
  const [r, s] = numbersOf(der);
  const body = Buffer.concat([integer(r), integer(s)]);
  const unsigned = (number: Buffer): Buffer => (number[0] === 0 ? number.subarray(1) : number);
  const negative = (number: Buffer): Buffer => Buffer.concat([Buffer.of(0xff), unsigned(number)]);
  const fixed = (number: Buffer): Buffer =>
    Buffer.concat([Buffer.alloc(bytes - unsigned(number).length), unsigned(number)]);
  return {
    'a zero after it': Buffer.concat([der, zero]),
    'an element after it': Buffer.concat([der, Buffer.of(0x05, 0x00)]),
    'itself after it': Buffer.concat([der, der]),
    'a zero after s': sequence(integer(r), integer(s), zero),
    'an element after s': sequence(integer(r), integer(s), Buffer.of(0x05, 0x00)),
    'a third number': sequence(integer(r), integer(s), integer(s)),
    'an element before r': sequence(Buffer.of(0x05, 0x00), integer(r), integer(s)),
    'a length of one byte more than needed': Buffer.concat([Buffer.of(0x30, 0x82, 0, body.length), body]),
    'a long length where a short one would do, of r': sequence(
      Buffer.concat([Buffer.of(0x02, 0x81, r.length), r]),
      integer(s),
    ),
    'a long length where a short one would do, of s': sequence(
      integer(r),
      Buffer.concat([Buffer.of(0x02, 0x81, s.length), s]),
    ),
    'a length of four bytes': Buffer.concat([Buffer.of(0x30, 0x84, 0, 0, 0, body.length), body]),
    'no length, and an end': Buffer.concat([Buffer.of(0x30, 0x80), body, Buffer.of(0, 0)]),
    'no length, and no end': Buffer.concat([Buffer.of(0x30, 0x80), body]),
    'a length that is too long': Buffer.concat([Buffer.of(0x30, ...longer(body.length, 1)), body]),
    'a length that is too short': Buffer.concat([Buffer.of(0x30, ...longer(body.length, -1)), body]),
    'a superfluous zero before r': sequence(integer(Buffer.concat([zero, r])), integer(s)),
    'a superfluous zero before s': sequence(integer(r), integer(Buffer.concat([zero, s]))),
    'a negative r': sequence(integer(negative(r)), integer(s)),
    'a negative s': sequence(integer(r), integer(negative(s))),
    'no r': sequence(integer(Buffer.alloc(0)), integer(s)),
    'no s': sequence(integer(r), integer(Buffer.alloc(0))),
    'one number': sequence(integer(r)),
    'an r of zero': sequence(integer(zero), integer(s)),
    'an s of zero': sequence(integer(r), integer(zero)),
    'another tag': element(0x31, body),
    'the tag of a primitive': element(0x10, body),
    'another tag for r': sequence(element(0x03, r), integer(s)),
    'another tag for s': sequence(integer(r), element(0x03, s)),
    'a sequence in a sequence': sequence(der),
    'no DER at all, but both numbers in a row': Buffer.concat([fixed(r), fixed(s)]),
    'an r that is too long': sequence(integer(Buffer.concat([Buffer.of(1), fixed(r)])), integer(s)),
    'an s that is too long': sequence(integer(r), integer(Buffer.concat([Buffer.of(1), fixed(s)]))),
    nothing: Buffer.alloc(0),
    'the tag alone': Buffer.of(0x30),
    'an empty sequence': Buffer.of(0x30, 0x00),
  };
}

function longer(length: number, by: number): readonly number[] {
  return length < 0x80 ? [length + by] : [0x81, length + by];
}

/** A true signature whose r and s both begin with a zero, so that one can be left out. */
function paddedSignature(sign_: () => Buffer): Buffer {
  for (;;) {
    const der = sign_();
    const [r, s] = numbersOf(der);
    if (r[0] === 0 && s[0] === 0) return der;
  }
}

for (const curve of CURVES) {
  describe(`an ${curve.name} signature`, () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve.namedCurve });
    const message = Buffer.from('a message');
    const signed = (): Buffer => sign(curve.digest, message, privateKey);

    it('is taken as it is made', () => {
      for (let count = 0; count < 200; count++) assert.equal(isDerSignature(signed(), curve.bytes), true);
    });

    // The topmost bits of ES512's numbers are zeros, so that none of them needs a zero in front.
    const missing = curve.name === 'ES512' ? [] : (['r', 's'] as const);
    const spellings: Record<string, Buffer> = { ...misspelt(signed(), curve.bytes) };
    for (const which of missing) {
      const [r, s] = numbersOf(paddedSignature(signed));
      spellings[`no zero before ${which}, which needs one`] = sequence(
        integer(which === 'r' ? r.subarray(1) : r),
        integer(which === 's' ? s.subarray(1) : s),
      );
    }

    for (const [what, der] of Object.entries(spellings)) {
      it(`is refused with ${what}`, () => {
        assert.equal(isDerSignature(der, curve.bytes), false);
      });
    }

    it('is refused with anything put into it, taken out of it or changed in its frame', () => {
      const der = signed();
      const [r] = numbersOf(der);
      const start = der[1] === 0x81 ? 3 : 2;
      const frame = [0, 1, start, start + 1, start + 2 + r.length, start + 3 + r.length];
      const change = fc.oneof(
        fc.tuple(fc.nat(der.length), fc.uint8Array({ minLength: 1 })).map(([at, bytes]) => {
          return Buffer.concat([der.subarray(0, at), bytes, der.subarray(at)]);
        }),
        fc.tuple(fc.nat(der.length - 1), fc.integer({ min: 1, max: 9 })).map(([at, count]) => {
          return Buffer.concat([der.subarray(0, at), der.subarray(at + count)]);
        }),
        fc.tuple(fc.constantFrom(...frame), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
          return Buffer.from(der.map((byte, index) => (index === at ? byte ^ bits : byte)));
        }),
      );
      fc.assert(fc.property(change, (bytes) => !isDerSignature(bytes, curve.bytes)));
    });

    it('is refused for any bytes that are not spelt as what they say', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 150 }), (bytes) => {
          if (!isDerSignature(bytes, curve.bytes)) return true;
          const [r, s] = numbersOf(Buffer.from(bytes));
          return sequence(integer(r), integer(s)).equals(bytes);
        }),
      );
    });

    it('makes a proof in its one spelling, and in no other', async () => {
      assert.deepEqual(
        await stepUp(curve, publicKey, (signedData) => sign(curve.digest, signedData, privateKey)),
        'verified',
      );
      const names = Object.keys(misspelt(signed(), curve.bytes));
      for (const name of names) {
        const outcome = await stepUp(curve, publicKey, (signedData) => {
          return misspelt(sign(curve.digest, signedData, privateKey), curve.bytes)[name] ?? Buffer.alloc(0);
        });
        assert.equal(outcome, name === 'nothing' ? 'malformed' : 'rejected', name);
      }
    });

    it('is what node:crypto takes as well', () => {
      const isTaken = (der: Buffer): boolean => createVerify(curve.digest).update(message).verify(publicKey, der);
      assert.equal(isTaken(signed()), true);
      for (const [what, der] of Object.entries(spellings)) assert.equal(isTaken(der), false, what);
    });
  });
}

/** A step-up by a passkey with this key, which came from another system. */
async function stepUp({ alg, crv }: Curve, publicKey: KeyObject, by: (message: Buffer) => Buffer): Promise<string> {
  const { services, method } = setUp();
  const context = { services, userId: 'alice', now: NOW };
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const cose = encodeCbor(
    new Map<number, number | Uint8Array>([
      [1, 2],
      [3, alg],
      [-1, crv],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]),
  );
  const id = Buffer.alloc(32, 1).toString('base64url');
  const passkey = {
    id,
    userHandle: 'AA',
    publicKey: Buffer.from(cose).toString('base64url'),
    counter: 0,
    transports: [],
  };
  await method.import(context, { ...passkey, backupEligible: false, backedUp: false });
  const value = newChallenge();
  const clientData = Buffer.from(JSON.stringify({ type: 'webauthn.get', challenge: value, origin: ORIGIN }));
  const authData = Buffer.concat([sha256(Buffer.from(RP_ID)), Buffer.of(0x05), Buffer.alloc(4)]);
  const response = {
    clientDataJSON: clientData.toString('base64url'),
    authenticatorData: authData.toString('base64url'),
    signature: by(Buffer.concat([authData, sha256(clientData)])).toString('base64url'),
  };
  const outcome = await method.verify({
    ...context,
    response: { id, rawId: id, type: 'public-key', response },
    challenge: { value, createdAt: NOW + 1 },
  });
  return outcome.outcome === 'failed' ? outcome.reason : outcome.outcome;
}
