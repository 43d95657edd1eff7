import { createPublicKey } from 'node:crypto';
import { type CborMap, parseCborMap } from './encodings.js';

/** EdDSA, ES256 and RS256: what is asked for, in this order. Every authenticator has one of them. */
export const ALGORITHMS: readonly number[] = [-8, -7, -257];

// Labels of COSE keys (RFC 9052, 7.1; RFC 9053, 7; RFC 8230, 4).
export const KTY = 1;
const ALG = 3;
const CRV = -1;
export const X = -2;
const Y = -3;
const N = -1;
const E = -2;

const OKP = 1;
export const EC2 = 2;
const RSA = 3;
const RS256 = -257;

interface Curve {
  readonly kty: number;
  readonly crv: number;
  readonly bytes: number;
  /** In JWK. */
  readonly name: string;
}

/** In COSE an algorithm leaves the curve open; in WebAuthn it doesn't (Level 3, 5.8.5). */
const CURVES: ReadonlyMap<unknown, Curve> = new Map([
  [-7, { kty: EC2, crv: 1, bytes: 32, name: 'P-256' }], // ES256
  [-35, { kty: EC2, crv: 2, bytes: 48, name: 'P-384' }], // ES384
  [-36, { kty: EC2, crv: 3, bytes: 66, name: 'P-521' }], // ES512
  [-8, { kty: OKP, crv: 6, bytes: 32, name: 'Ed25519' }], // EdDSA
]);

/** Whether signatures by this COSE key can be checked at all, and without much effort. */
export function isUsableKey(cose: Uint8Array): boolean {
  const key = parseCborMap(cose);
  if (key === null) return false;
  if (key.get(ALG) === RS256) return isUsableRsaKey(key);
  const curve = CURVES.get(key.get(ALG));
  if (curve === undefined || key.get(KTY) !== curve.kty || key.get(CRV) !== curve.crv) return false;
  const [x, y] = [key.get(X), key.get(Y)];
  if (!isBytes(x) || x.length !== curve.bytes) return false;
  if (curve.kty === OKP) return isEd25519Point(x);
  return isBytes(y) && y.length === curve.bytes && isOnCurve(curve, x, y);
}

/**
 * 2,048 to 4,096 bits: less is weak, more keeps the server busy. Both numbers are odd, and the exponent is not 1; no
 * zeros stand in front (RFC 8230, 4). A key that was cut off on its way shows here.
 */
function isUsableRsaKey(key: CborMap): boolean {
  const [n, e] = [key.get(N), key.get(E)];
  if (key.get(KTY) !== RSA || !isBytes(n) || !isBytes(e)) return false;
  const isLongEnough = n.length > 256 ? n.length <= 512 && n[0] !== 0 : n.length === 256 && (n[0] ?? 0) >= 0x80;
  if (!isLongEnough || e.length === 0 || e.length > 8 || e[0] === 0) return false;
  const isOne = e.length === 1 && e[0] === 1;
  return !isOne && isOdd(n) && isOdd(e);
}

function isOnCurve({ name }: Curve, x: Uint8Array, y: Uint8Array): boolean {
  const text = (coordinate: Uint8Array): string => Buffer.from(coordinate).toString('base64url');
  try {
    createPublicKey({ key: { kty: 'EC', crv: name, x: text(x), y: text(y) }, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

function isOdd(number: Uint8Array): boolean {
  return (number.at(-1) ?? 0) % 2 === 1;
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** Of the numbers modulo this, Ed25519 is the curve -x² + y² = 1 + FACTOR x² y² (RFC 8032, 5.1). */
const FIELD = 2n ** 255n - 19n;
const FACTOR = (-121_665n * inverse(121_666n)) % FIELD;

/**
 * Whether 32 bytes are a public key of Ed25519 that one private key alone can sign for: a point of the curve (RFC 8032,
 * 5.1.3), in its one encoding, and none of the eight for which everybody can sign anything.
 */
export function isEd25519Point(bytes: Uint8Array): boolean {
  const bigEndian = Buffer.from(bytes).reverse();
  let y = BigInt(`0x${bigEndian.toString('hex')}`) % 2n ** 255n; // the topmost bit is the sign of x
  if (y >= FIELD) return false;
  let xx = quotient(y * y - 1n, FACTOR * y * y + 1n);
  if (power(xx, (FIELD - 1n) / 2n) > 1n) return false; // no square, so there is no x
  for (let doublings = 0; doublings < 3; doublings++) {
    y = quotient(xx + y * y, 2n + xx - y * y);
    xx = quotient(y * y - 1n, FACTOR * y * y + 1n);
  }
  return y !== 1n;
}

function quotient(dividend: bigint, divisor: bigint): bigint {
  return modulo(dividend * inverse(divisor));
}

function inverse(number: bigint): bigint {
  return power(number, FIELD - 2n);
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, modulo(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * square);
    square = modulo(square * square);
  }
  return result;
}

function modulo(number: bigint): bigint {
  const rest = number % FIELD;
  return rest < 0n ? rest + FIELD : rest;
}
