import { randomBytes } from 'node:crypto';

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
