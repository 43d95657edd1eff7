import type { TokenHash } from '../../internal/token-hash.js';
import type { ProofTimes, Session, SessionRow } from '../contract/sessions.js';

/** A row is JSON throughout; a frozen copy of it can be handed out, and nobody changes the store through it. */
export function frozenCopy(row: SessionRow): SessionRow {
  return JSON.parse(JSON.stringify(row), (_key, value: unknown) => Object.freeze(value)) as SessionRow; // a row is JSON only
}

export function withProof(proofs: ProofTimes, method: string, verifiedAt: number): ProofTimes {
  const known = Object.hasOwn(proofs, method) ? proofs[method] : undefined;
  return Object.freeze({ ...proofs, [method]: Math.max(verifiedAt, known ?? verifiedAt) });
}

export function tokensOf(row: SessionRow): readonly TokenHash[] {
  return row.previousTokenHash === null ? [row.tokenHash] : [row.tokenHash, row.previousTokenHash];
}

/** Whether the use of the current session token shows that its client has the current refresh token, too. */
export function cameWithRefresh(row: SessionRow): boolean {
  return row.refreshHash !== null && row.tokenNonce === null;
}

export function isLive(session: Session, now: number): boolean {
  return now < session.idleExpiresAt && now < session.expiresAt;
}

export function slidTo(idleExpiresAt: number, session: Session): number {
  return Math.max(session.idleExpiresAt, Math.min(idleExpiresAt, session.expiresAt));
}

export function byId(a: Session, b: Session): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

export function oldestFirst(a: Session, b: Session): number {
  return a.createdAt - b.createdAt || byId(a, b);
}

export function lastSeenFirst(a: Session, b: Session): number {
  return b.lastSeenAt - a.lastSeenAt || b.createdAt - a.createdAt || byId(a, b);
}
