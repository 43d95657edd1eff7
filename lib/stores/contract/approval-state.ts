import { isAhead } from '../../internal/clock.js';
import type { TokenHash } from '../../internal/tokens.js';
import type { ApprovalRow, ApprovalStatus, Asker, InsertApprovalOutcome } from './approvals.js';

/*
 * What may become of an approval: the one place where that is decided. Every store applies it in one atomic step.
 *
 *              approve              spend
 *   ┌─────────┐ ─────► ┌──────────┐ ─────► ┌───────┐
 *   │ pending │        │ approved │        │ spent │
 *   └─────────┘        └──────────┘        └───────┘
 *      │    │             │     │
 *      │    └── deny ─────┤     │      denied: nobody can approve it any more
 *      └──────────────────┴─────┴──►   expired: its time had expired before it was decided, or spent
 */

/** How many may wait, of one asker and for one approver. */
export const MAX_PENDING = 16;
/** How long an asker who was denied a request can't ask for the same again. Milliseconds. */
export const DENIED_FOR = 600_000;
/** How many denials block an asker, and for how long. Milliseconds. */
const MAX_DENIALS = 3;
export const BLOCKED_FOR = 3_600_000;

export type ApprovalChange =
  | {
      readonly type: 'approve';
      readonly userId: string;
      readonly sessionId: string;
      readonly method: string;
      /** Until when it may be spent. */
      readonly expiresAt: number;
    }
  /** Also of what was approved, and isn't spent yet. */
  | { readonly type: 'deny'; readonly userId: string; readonly sessionId: string }
  | { readonly type: 'spend'; readonly tokenHash: TokenHash; readonly actionDigest: string }
  /** What was approved doesn't stand any more; nobody has denied it. */
  | { readonly type: 'withdraw' }
  /** Writes down that its time has expired. */
  | { readonly type: 'expire' };

/** The row after a change; null where it may not be made. */
export function approvalChanged(row: ApprovalRow, change: ApprovalChange, now: number): ApprovalRow | null {
  const isOpen = row.status === 'pending' || row.status === 'approved';
  if (!isOpen) return null;
  const isLive = isLiveApproval(row, now);
  if (change.type === 'expire') return isLive ? null : { ...row, status: 'expired' };
  if (!isLive) return null;
  if (change.type === 'spend') {
    const isIt = row.tokenHash === change.tokenHash && row.actionDigest === change.actionDigest;
    return row.status === 'approved' && isIt ? { ...row, status: 'spent', spentAt: now } : null;
  }
  if (change.type === 'withdraw') return row.status === 'approved' ? { ...row, status: 'denied' } : null;
  const { userId, sessionId } = change;
  if (!row.approvers.includes(userId)) return null;
  if (change.type === 'deny') {
    return { ...row, status: 'denied', decision: { userId, sessionId, method: null, at: now } };
  }
  if (row.status !== 'pending') return null;
  const { method, expiresAt } = change;
  return { ...row, status: 'approved', expiresAt, decision: { userId, sessionId, method, at: now } };
}

/** Whether its time hasn't expired. One that was made further ahead than it lives was made by a clock that was wrong. */
function isLiveApproval({ createdAt, expiresAt, decision }: ApprovalRow, now: number): boolean {
  const begun = decision?.at ?? createdAt;
  return now < expiresAt && begun - now <= expiresAt - begun;
}

/** The row as it is at `now`, where nobody may have written down yet that its time has expired. */
export function statusAt(row: ApprovalRow, now: number): ApprovalStatus {
  const isOpen = row.status === 'pending' || row.status === 'approved';
  return isOpen && !isLiveApproval(row, now) ? 'expired' : row.status;
}

/** The same for two that are one asker, and for no others. */
export function askerKey({ kind, userId, id }: Pick<Asker, 'kind' | 'userId' | 'id'>): string {
  return JSON.stringify([kind, userId, id]);
}

/**
 * Whether a new one may be inserted.
 *
 * @param known What there is of the same asker, and what waits for one of its approvers.
 */
export function admitted(row: ApprovalRow, known: readonly ApprovalRow[], now: number): InsertApprovalOutcome {
  const asker = askerKey(row.asker);
  const ofAsker = known.filter((other) => askerKey(other.asker) === asker);
  const denials = ofAsker.flatMap(({ status, decision, request }) => {
    // With a method it was approved first, and nobody has denied it.
    if (status !== 'denied' || decision === null || decision.method !== null || isAhead(decision.at, now)) return [];
    return decision.at + BLOCKED_FOR > now ? [{ at: decision.at, request }] : [];
  });
  const blocking = denials.map(({ at }) => at).sort((a, b) => b - a)[MAX_DENIALS - 1];
  if (blocking !== undefined) return { outcome: 'blocked', until: blocking + BLOCKED_FOR };
  const same = denials.filter(({ at, request }) => request === row.request && at + DENIED_FOR > now);
  if (same.length > 0) return { outcome: 'denied', until: Math.max(...same.map(({ at }) => at)) + DENIED_FOR };
  const pending = known.filter((other) => statusAt(other, now) === 'pending');
  const queues = [
    pending.filter((other) => askerKey(other.asker) === asker),
    ...row.approvers.map((userId) => pending.filter((other) => other.approvers.includes(userId))),
  ];
  const full = queues.filter((queue) => queue.length >= MAX_PENDING);
  if (full.length === 0) return { outcome: 'inserted' };
  const ends = full.map((queue) => Math.min(...queue.map(({ expiresAt }) => expiresAt)));
  return { outcome: 'full', until: Math.max(...ends) };
}

/** See `ApprovalStore.dropForSession`. */
export function isOfSession(row: ApprovalRow, userId: string, sessionId: string): boolean {
  const { asker, status, decision } = row;
  if (asker.kind === 'session' && asker.userId === userId && asker.id === sessionId) return true;
  return status === 'approved' && decision?.userId === userId && decision.sessionId === sessionId;
}

/** See `ApprovalStore.dropForUser`. */
export function isOfUser(
  { asker, approvers, status, decision }: ApprovalRow,
  userId: string,
  method: string | null,
): boolean {
  if (method === null) return asker.userId === userId || approvers.includes(userId);
  return status === 'approved' && decision?.userId === userId && decision.method === method;
}

/** Oldest first. */
export function byAge(a: ApprovalRow, b: ApprovalRow): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}
