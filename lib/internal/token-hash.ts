import { hash, keyedHash } from './blake3.js';

declare const brand: unique symbol;

/** The BLAKE3 hash of a token, base64url, 43 characters. A store keeps and compares nothing else of a token. */
export type TokenHash = string & { readonly [brand]: 'TokenHash' };

/** Hashes the bytes of a token. This and `hashTokenWithKey` are the ways to make a `TokenHash`. */
export function hashToken(token: Uint8Array): TokenHash {
  return encode(hash(token));
}

/** The same under a key of 32 bytes, for what is shorter than a token: without the key nobody can try guesses on it. */
export function hashTokenWithKey(key: Uint8Array, token: Uint8Array): TokenHash {
  return encode(keyedHash(key, token));
}

function encode(hashed: Uint8Array): TokenHash {
  return Buffer.from(hashed).toString('base64url') as TokenHash; // the brand says that it was hashed just now
}
