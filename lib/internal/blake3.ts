import { blake3 } from '@noble/hashes/blake3.js';

/** BLAKE3, 32 bytes. */
export function hash(message: Uint8Array): Uint8Array {
  return blake3(message);
}

/** Keyed BLAKE3, 32 bytes; the key has 32 bytes as well. */
export function keyedHash(key: Uint8Array, message: Uint8Array): Uint8Array {
  return blake3(message, { key });
}

/** BLAKE3's key derivation: an own key for each `context`, which has to be a constant of this code. */
export function derivedKey(secret: Uint8Array, context: string): Uint8Array {
  return blake3(secret, { context: new TextEncoder().encode(context) });
}
