import { decodeToken, encode } from '../internal/tokens.js';
import type { SessionCursor } from '../stores/contract/sessions.js';

// Where a page of a user's sessions ends, as clients get it: two times of 8 bytes and the id of 16, so that it has the
// one spelling that 32 bytes have.

const ID_AT = 16;

export function encodeCursor({ lastSeenAt, createdAt, id }: SessionCursor): string {
  const times = Buffer.alloc(ID_AT);
  times.writeBigInt64BE(BigInt(lastSeenAt));
  times.writeBigInt64BE(BigInt(createdAt), 8);
  return encode(Buffer.concat([times, Buffer.from(id, 'base64url')]));
}

/** Null for what `encodeCursor` can't have made. */
export function decodeCursor(value: unknown): SessionCursor | null {
  const decoded = decodeToken(value);
  if (decoded === null) return null;
  const bytes = Buffer.from(decoded);
  const [lastSeenAt, createdAt] = [Number(bytes.readBigInt64BE()), Number(bytes.readBigInt64BE(8))];
  if (!Number.isSafeInteger(lastSeenAt) || !Number.isSafeInteger(createdAt)) return null;
  return { lastSeenAt, createdAt, id: encode(bytes.subarray(ID_AT)) };
}
