import { readCborMap } from './cbor.js';

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

/** In COSE an algorithm leaves the curve open; in WebAuthn it doesn't (Level 3, 5.8.5). */
const CURVES: ReadonlyMap<unknown, { readonly kty: number; readonly crv: number; readonly bytes: number }> = new Map([
  [-7, { kty: EC2, crv: 1, bytes: 32 }], // ES256
  [-35, { kty: EC2, crv: 2, bytes: 48 }], // ES384
  [-36, { kty: EC2, crv: 3, bytes: 66 }], // ES512
  [-8, { kty: OKP, crv: 6, bytes: 32 }], // EdDSA
]);

/** Whether signatures by this COSE key can be checked, and without much effort. */
export function isUsableKey(cose: Uint8Array): boolean {
  const key = readCborMap(cose);
  if (key === null) return false;
  const alg = key.get(ALG);
  if (alg === RS256) {
    // 2,048 to 4,096 bits: less is weak, more keeps the server busy.
    return key.get(KTY) === RSA && isBytes(key.get(N), 256, 512) && isBytes(key.get(E), 1, 8);
  }
  const curve = CURVES.get(alg);
  if (curve === undefined || key.get(KTY) !== curve.kty || key.get(CRV) !== curve.crv) return false;
  const { kty, bytes } = curve;
  return isBytes(key.get(X), bytes, bytes) && (kty === OKP || isBytes(key.get(Y), bytes, bytes));
}

function isBytes(value: unknown, min: number, max: number): boolean {
  return value instanceof Uint8Array && value.length >= min && value.length <= max;
}
