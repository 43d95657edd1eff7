import { randomBytes, timingSafeEqual } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';

// Tokens and ids: how they are made, spelt and hashed.

declare const brand: unique symbol;

/** The BLAKE3 hash of a token, base64url, 43 characters. A store keeps and compares nothing else of a token. */
export type TokenHash = string & { readonly [brand]: 'TokenHash' };

/** Tokens have 32 random bytes, ids and tags 16: ASVS 7.2.3 asks for 128 bits at least. */
export const TOKEN_BYTES = 32;
export const ID_BYTES = 16;

// Base64url of 32 bytes ends with a character of four bits: only these 16, else two spellings would name one token.
const TOKEN = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const ID = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/** The credential of a session: 32 bytes. On the wire base64url, 43 characters. */
export function newToken(): Uint8Array {
  return randomBytes(TOKEN_BYTES);
}

export function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** The bytes of a session token; null for anything that isn't the one spelling of 32 bytes. */
export function decodeToken(value: unknown): Uint8Array | null {
  return typeof value === 'string' && TOKEN.test(value) ? Buffer.from(value, 'base64url') : null;
}

export function newId(): string {
  return encode(randomBytes(ID_BYTES));
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/** Hashes the bytes of a token. This and `hashTokenWithKey` are the ways to make a `TokenHash`. */
export function hashToken(token: Uint8Array): TokenHash {
  return encode(blake3(token)) as TokenHash; // the brand says that it was hashed just now
}

/** The same under a key of 32 bytes, for what is shorter than a token: without the key nobody can try guesses on it. */
export function hashTokenWithKey(key: Uint8Array, token: Uint8Array): TokenHash {
  return encode(keyedHash(key, token)) as TokenHash; // as above
}

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

/** Compares two secrets in a time that depends on their lengths only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
