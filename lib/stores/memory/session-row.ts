import type { TokenHash } from '../../internal/tokens.js';
import type { SessionCursor, SessionRow } from '../contract/sessions.js';

/** A row is JSON throughout; a frozen copy of it can be handed out, and nobody changes the store through it. */
export function frozenCopy(row: SessionRow): SessionRow {
  return JSON.parse(JSON.stringify(row), (_key, value: unknown) => Object.freeze(value)) as SessionRow; // a row is JSON only
}

export function tokensOf(row: SessionRow): readonly TokenHash[] {
  return row.previousTokenHash === null ? [row.tokenHash] : [row.tokenHash, row.previousTokenHash];
}

export function slidTo(idleExpiresAt: number, session: SessionRow): number {
  return Math.max(session.idleExpiresAt, Math.min(idleExpiresAt, session.expiresAt));
}

export function byId(a: SessionRow, b: SessionRow): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

export function oldestFirst(a: SessionRow, b: SessionRow): number {
  return a.createdAt - b.createdAt || byId(a, b);
}

export function lastSeenFirst(a: SessionCursor, b: SessionCursor): number {
  return b.lastSeenAt - a.lastSeenAt || b.createdAt - a.createdAt || (a.id < b.id ? -1 : Number(a.id > b.id));
}
