import { createPublicKey } from 'node:crypto';
import { type CborMap, readCborMap } from './cbor.js';
import { isDerSignature } from './ecdsa-signature.js';
import { isEd25519Point } from './ed25519-point.js';

/** EdDSA, ES256 and RS256: what is asked for, in this order. Every authenticator has one of them. */
export const ALGORITHMS: readonly number[] = [-8, -7, -257];

// Labels of COSE keys (RFC 9052, 7.1; RFC 9053, 7; RFC 8230, 4).
const KTY = 1;
const ALG = 3;
const CRV = -1;
const X = -2;
const Y = -3;
const N = -1;
const E = -2;

const OKP = 1;
const EC2 = 2;
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
  const key = readCborMap(cose);
  if (key === null) return false;
  if (key.get(ALG) === RS256) return isUsableRsaKey(key);
  const curve = CURVES.get(key.get(ALG));
  if (curve === undefined || key.get(KTY) !== curve.kty || key.get(CRV) !== curve.crv) return false;
  const [x, y] = [key.get(X), key.get(Y)];
  if (!isBytes(x) || x.length !== curve.bytes) return false;
  if (curve.kty === OKP) return isEd25519Point(x);
  return isBytes(y) && y.length === curve.bytes && isOnCurve(curve, x, y);
}

/** Whether the signature is spelt as the algorithm of this COSE key spells one: ECDSA has many spellings, DER one. */
export function isSpeltRight(signature: Uint8Array, cose: Uint8Array): boolean {
  const curve = CURVES.get(readCborMap(cose)?.get(ALG));
  return curve?.kty !== EC2 || isDerSignature(signature, curve.bytes);
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
