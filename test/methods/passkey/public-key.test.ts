import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from '@jest/globals';
import { isEd25519Point, isUsableKey } from '../../../lib/methods/passkey/public-key.js';
import { type Cbor, encodeCbor } from '../../../lib/testing/authenticator/cbor.js';

const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
const usable = (...members: readonly (readonly [number, Cbor])[]): boolean => isUsableKey(encodeCbor(new Map(members)));

describe('an RSA key', () => {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  const [modulus, exponent] = [bytes(jwk.n), bytes(jwk.e)];
  const rsa = (n: Uint8Array, e: Uint8Array): boolean => usable([1, 3], [3, -257], [-1, n], [-2, e]);
  const even = Buffer.from(modulus);
  even.writeUInt8((even.readUInt8(255) | 1) - 1, 255);

  it('is taken with the exponents that there are', () => {
    for (const e of ['010001', '03', '11', '0101']) assert.equal(rsa(modulus, Buffer.from(e, 'hex')), true, e);
    const longer = Buffer.concat([modulus, modulus.subarray(0, 128), Buffer.of(1)]).subarray(1);
    assert.equal(rsa(longer, exponent), longer[0] !== 0);
  });

  for (const [what, e] of [
    ['cut by a byte: 256', '0100'],
    ['cut by two bytes: 1', '01'],
    ['of nothing', ''],
    ['of 0', '00'],
    ['of 2', '02'],
    ['of 65,536', '010000'],
    ['with a zero in front', '00010001'],
    ['of 1 with zeros in front', '00000001'],
    ['of nine bytes', '010000000000000001'],
  ] as const) {
    it(`is refused with an exponent ${what}`, () => {
      assert.equal(rsa(modulus, Buffer.from(e, 'hex')), false);
    });
  }

  for (const [what, n] of [
    ['cut by a byte', modulus.subarray(0, 255)],
    ['that is even', even],
    ['with a zero in front', Buffer.concat([Buffer.of(0), modulus])],
    ['of 2,047 bits', Buffer.concat([Buffer.of(0x7f), modulus.subarray(1)])],
    ['of 2,048 bits, all but one of them zeros', Buffer.concat([Buffer.alloc(255), Buffer.of(1)])],
    ['of more than 4,096 bits', Buffer.concat([Buffer.of(1), Buffer.alloc(511), Buffer.of(1)])],
  ] as const) {
    it(`is refused with a modulus ${what}`, () => {
      assert.equal(rsa(n, exponent), false);
    });
  }
});

for (const [name, alg, crv, namedCurve] of [
  ['ES256', -7, 1, 'P-256'],
  ['ES384', -35, 2, 'P-384'],
  ['ES512', -36, 3, 'P-521'],
] as const) {
  describe(`an ${name} key`, () => {
    const jwk = generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' });
    const [x, y] = [bytes(jwk.x), bytes(jwk.y)];
    const ec = (givenX: Cbor, givenY: Cbor): boolean => usable([1, 2], [3, alg], [-1, crv], [-2, givenX], [-3, givenY]);
    const other = Buffer.from(y.map((byte, index) => (index === y.length - 1 ? byte ^ 1 : byte)));

    it('is taken', () => {
      assert.equal(ec(x, y), true);
    });

    it('is refused when its point is not on the curve, is cut, too long or compressed', () => {
      const zeros = Buffer.alloc(x.length);
      const points: readonly (readonly [Cbor, Cbor])[] = [
        [x, other],
        [y, x],
        [zeros, zeros],
        [Buffer.alloc(x.length, 0xff), y],
        [x, y.subarray(1)],
        [x.subarray(1), y],
        [Buffer.concat([Buffer.of(0), x]), y],
        [x, 1],
        [x, ''],
      ];
      for (const point of points) assert.equal(ec(...point), false);
    });
  });
}

describe('an Ed25519 key', () => {
  const okp = (x: Uint8Array): boolean => usable([1, 1], [3, -8], [-1, 6], [-2, x]);

  it('is taken as keys are made', () => {
    for (let count = 0; count < 20; count++) {
      assert.equal(okp(bytes(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x)), true);
    }
  });

  // RFC 7748 and RFC 8032 leave it open who refuses these; for each there is a signature that fits nearly any message.
  for (const hex of [
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  ]) {
    it(`is refused where anybody can sign: ${hex.slice(0, 8)}…${hex.slice(-2)}`, () => {
      assert.equal(okp(Buffer.from(hex, 'hex')), false);
    });
  }

  it('is refused when it is no point, or one in another spelling', () => {
    const noPoints = Array.from({ length: 64 }, (_, n) => Buffer.concat([Buffer.of(n), Buffer.alloc(31, 1)])).filter(
      (point) => !isEd25519Point(point),
    );
    // Half of all numbers are no y of a point.
    assert.ok(noPoints.length > 16 && noPoints.length < 48, String(noPoints.length));
    for (const point of noPoints) assert.equal(okp(point), false);
    for (const first of ['ed', 'ee', 'f0', 'ff'])
      assert.equal(okp(Buffer.from(`${first}${'ff'.repeat(30)}7f`, 'hex')), false);
  });

  it('is refused when it is cut', () => {
    assert.equal(okp(Buffer.alloc(31, 9)), false);
  });
});
