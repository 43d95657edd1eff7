import { hash } from './blake3.js';

declare const brand: unique symbol;

/** The BLAKE3 hash of a token, base64url, 43 characters. A store keeps and compares nothing else of a token. */
export type TokenHash = string & { readonly [brand]: 'TokenHash' };

/** Hashes the bytes of a token: the one way to make a `TokenHash`. */
export function hashToken(token: Uint8Array): TokenHash {
  return Buffer.from(hash(token)).toString('base64url') as TokenHash; // the brand says that it went through here
}
