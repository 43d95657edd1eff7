const P = 2n ** 255n - 19n;
/** The curve is -x² + y² = 1 + D x² y² (RFC 8032, 5.1). */
const D = (-121_665n * inverse(121_666n)) % P;

/**
 * Whether 32 bytes are a public key of Ed25519 that one private key alone can sign for: a point of the curve (RFC 8032,
 * 5.1.3), in its one encoding, and none of the eight for which everybody can sign anything.
 */
export function isEd25519Point(bytes: Uint8Array): boolean {
  const bigEndian = Buffer.from(bytes).reverse();
  let y = BigInt(`0x${bigEndian.toString('hex')}`) % 2n ** 255n; // the topmost bit is the sign of x
  if (y >= P) return false;
  let xx = quotient(y * y - 1n, D * y * y + 1n);
  if (power(xx, (P - 1n) / 2n) > 1n) return false; // no square, so there is no x
  for (let doublings = 0; doublings < 3; doublings++) {
    y = quotient(xx + y * y, 2n + xx - y * y);
    xx = quotient(y * y - 1n, D * y * y + 1n);
  }
  return y !== 1n;
}

function quotient(dividend: bigint, divisor: bigint): bigint {
  return modulo(dividend * inverse(divisor));
}

function inverse(number: bigint): bigint {
  return power(number, P - 2n);
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
  const rest = number % P;
  return rest < 0n ? rest + P : rest;
}
