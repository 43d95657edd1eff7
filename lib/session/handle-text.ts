import { hashToken, type TokenHash } from '../internal/tokens.js';
import { credentialsOf } from '../stores/contract/session-state.js';
import type { SessionRow } from '../stores/contract/sessions.js';

/** What is kept of a session for what outlives a request. It is no credential: the token is in it as its hash only. */
export interface HandleParts {
  readonly sessionId: string;
  readonly userId: string;
  /** Of the session token that came with the request. */
  readonly tokenHash: string;
  /** How often the session's credentials had been replaced. */
  readonly credentials: number;
}

const TYPES = ['string', 'string', 'string', 'number'] as const;
type Parts = readonly [sessionId: string, userId: string, tokenHash: string, credentials: number];

export function writeHandle(row: SessionRow, token: Uint8Array): string {
  const tokenHash: TokenHash = hashToken(token);
  const parts: Parts = [row.id, row.userId, tokenHash, credentialsOf(row)];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Null for what is no handle. */
export function parseHandle(handle: string): HandleParts | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(handle, 'base64url').toString());
    if (!Array.isArray(parts) || parts.length !== TYPES.length) return null;
    if (!TYPES.every((type, index) => typeof parts[index] === type)) return null;
    const [sessionId, userId, tokenHash, credentials] = parts as unknown as Parts; // as looked at
    return { sessionId, userId, tokenHash, credentials };
  } catch {
    return null; // it isn't JSON
  }
}

/** Whether the credentials have been replaced since the handle was made: whoever had the old ones is out. */
export function isOutdated({ credentials }: HandleParts, row: SessionRow): boolean {
  return credentials !== credentialsOf(row);
}
