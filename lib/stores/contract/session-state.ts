import { isAhead } from '../../internal/clock.js';
import type { TokenHash } from '../../internal/tokens.js';
import type { ProofTimes, Session, SessionRow } from './sessions.js';

/*
 * What may become of a session's tokens: the one place where that is decided. Every store applies `changed` in one
 * atomic step; `touch` alone is a statement of each store, and only compares hashes.
 *
 *                  rotate                        step-up (by the current token)
 *   ┌───────────┐ ────────► ┌───────────────┐ ───────────────► ┌───────────────┐
 *   │ confirmed │           │  unconfirmed, │                  │  unconfirmed, │ ─┐ step-up (by the current
 *   └───────────┘ ◄──────── │  by a refresh │ ◄─────────────── │  by a step-up │ ◄┘  token, or the previous)
 *      ▲  ▲  │      use     └───────────────┘   rotate, renew  └───────────────┘
 *      │  │  │ step-up                                               ▲    │
 *      │  │  └───────────────────────────────────────────────────────┘    │ use
 *      │  └───────────────────────────────────────────────────────────────┘
 *   sign-in, replace-credentials
 *
 *   column              confirmed                 unconfirmed, by a refresh        unconfirmed, by a step-up
 *   tokenHash           the current session token: it carries the proofs
 *   tokenIssuedAt       when it was made
 *   tokenConfirmedAt    when its client had it    null                             null
 *   tokenMethod         as it was made            null                             the method
 *   tokenNonce          as it was made            null; renewed: derived with it   derived with it
 *                                                 from the refresh token           from the presented token
 *   previousTokenHash   for `tokenOverlap` more   good until the current one is confirmed: without proofs, but it may
 *                                                 step up (which makes it current, and the current one the previous)
 *   refreshHash         the current refresh token, and `refreshedAt`, when it was made; null: the delivery has none
 *   parentRefreshHash   the token that was presented for it; `refreshNonce`: what it was derived with. It gives the
 *                       same successor again until `refreshConfirmedAt` and `refreshGrace` longer
 *   generation          counts whatever ends the grants that were made before; replace-credentials begins a new million
 *
 * With cookies a use confirms only what is SETTLING old: a browser that is killed comes back with the cookies it had
 * written by then.
 */

/** Browsers write cookies to the disk up to 30 s late (Chromium, tried). Milliseconds. */
export const SETTLING = 45_000;

export type SessionChange =
  /** The refresh token is exchanged for its successor. */
  | {
      readonly type: 'rotate';
      readonly presented: TokenHash;
      readonly successor: TokenHash;
      readonly nonce: string;
      /** The session token that comes with the successor. */
      readonly tokenHash: TokenHash;
    }
  /** The refresh token stays, and a session token takes the place of `replaces`, which a step-up made. */
  | {
      readonly type: 'renew';
      readonly refreshHash: TokenHash;
      readonly replaces: TokenHash;
      readonly nonce: string;
      readonly tokenHash: TokenHash;
    }
  | {
      readonly type: 'step-up';
      /** The session token that was presented. */
      readonly presented: TokenHash;
      readonly nonce: string;
      readonly tokenHash: TokenHash;
      readonly method: string;
      /** False for the confirmation of an action, which proves nothing else. */
      readonly makesProof: boolean;
      /** Whether the previous token may not step up either. @default false */
      readonly onlyCurrent?: boolean;
    }
  /** As if the user had just signed in with these tokens, but for the proofs. */
  | {
      readonly type: 'replace-credentials';
      readonly userId: string;
      readonly presented: TokenHash;
      readonly tokenHash: TokenHash;
      readonly refreshHash: TokenHash | null;
    }
  | { readonly type: 'drop-proofs' }
  /** What was proved with a method that the user no longer has. */
  | { readonly type: 'drop-method'; readonly method: string }
  /** Writes down what `believed` makes of the row. */
  | { readonly type: 'correct-times' };

/**
 * The row after a change, the very row where it changes nothing; null where it may not be made: the session has
 * expired, or another change came first.
 */
export function changed(stored: SessionRow, change: SessionChange, now: number): SessionRow | null {
  const row = believed(stored, now);
  if (!isLive(row, now)) return null;
  switch (change.type) {
    case 'rotate':
      return rotated(row, change, now);
    case 'renew':
      return renewed(row, change, now);
    case 'step-up':
      return steppedUp(row, change, now);
    case 'replace-credentials':
      return replaced(row, change, now);
    case 'drop-proofs':
      return { ...row, generation: row.generation + 1, signInProofs: {}, stepUpProofs: {} };
    case 'drop-method':
      return withoutMethod(row, change.method);
    case 'correct-times':
      return row;
  }
}

type Change<Type extends SessionChange['type']> = Extract<SessionChange, { readonly type: Type }>;

function rotated(
  row: SessionRow,
  { presented, successor, nonce, tokenHash }: Change<'rotate'>,
  now: number,
): SessionRow | null {
  if (row.refreshHash !== presented || !isSettled(row, row.refreshedAt, now)) return null;
  return {
    ...row,
    tokenHash,
    previousTokenHash: row.tokenHash,
    tokenNonce: null,
    tokenMethod: null,
    tokenIssuedAt: now,
    tokenConfirmedAt: null,
    refreshHash: successor,
    parentRefreshHash: presented,
    refreshNonce: nonce,
    refreshedAt: now,
    refreshConfirmedAt: null,
    generation: row.generation + 1,
    stepUpProofs: {}, // else a refresh token copied before a step-up would inherit the elevation
  };
}

function renewed(
  row: SessionRow,
  { refreshHash, replaces, nonce, tokenHash }: Change<'renew'>,
  now: number,
): SessionRow | null {
  if (row.refreshHash !== refreshHash || row.tokenHash !== replaces || row.tokenMethod === null) return null;
  return {
    ...row,
    tokenHash,
    previousTokenHash: row.tokenHash,
    tokenNonce: nonce,
    tokenMethod: null,
    tokenIssuedAt: now,
    tokenConfirmedAt: null,
    generation: row.generation + 1,
    stepUpProofs: {},
  };
}

function steppedUp(row: SessionRow, change: Change<'step-up'>, now: number): SessionRow | null {
  const { presented, nonce, tokenHash, method, makesProof, onlyCurrent = false } = change;
  const isCurrent = row.tokenHash === presented;
  const isPrevious = !onlyCurrent && row.previousTokenHash === presented && row.tokenConfirmedAt === null;
  if (!isCurrent && !isPrevious) return null;
  const next = {
    ...row,
    tokenHash,
    previousTokenHash: row.tokenHash,
    tokenNonce: nonce,
    tokenMethod: method,
    tokenIssuedAt: now,
    tokenConfirmedAt: null,
    passedMethods: row.passedMethods.includes(method) ? row.passedMethods : [...row.passedMethods, method],
  };
  // Whoever brings the previous token need not have been able to make the proofs and grants of the current one.
  if (isPrevious) {
    return { ...next, generation: row.generation + 1, stepUpProofs: makesProof ? withProof({}, method, now) : {} };
  }
  const hasRefreshToken = cameWithRefresh(row) && isSettled(row, row.refreshedAt, now);
  return {
    ...next,
    refreshConfirmedAt: row.refreshConfirmedAt ?? (hasRefreshToken ? now : null),
    stepUpProofs: makesProof ? withProof(row.stepUpProofs, method, now) : row.stepUpProofs,
  };
}

function replaced(row: SessionRow, change: Change<'replace-credentials'>, now: number): SessionRow | null {
  if (row.userId !== change.userId || row.tokenHash !== change.presented) return null;
  return {
    ...row,
    tokenHash: change.tokenHash,
    ...firstTokens(change.refreshHash, now),
    generation: (credentialsOf(row) + 1) * PER_CREDENTIALS,
    passedMethods: [],
    signInProofs: {},
    stepUpProofs: {},
  };
}

/** Far more than a session sees of what counts generations, and few enough for a thousand million changes. */
const PER_CREDENTIALS = 1_000_000;

/** How often the credentials of the session were replaced: what was begun under earlier ones is void. */
export function credentialsOf({ generation }: Pick<SessionRow, 'generation'>): number {
  return Math.floor(generation / PER_CREDENTIALS);
}

function withoutMethod(row: SessionRow, method: string): SessionRow {
  const { passedMethods, signInProofs, stepUpProofs } = row;
  const isThere = [passedMethods, Object.keys(signInProofs), Object.keys(stepUpProofs)].some((names) =>
    names.includes(method),
  );
  if (!isThere) return row;
  return {
    ...row,
    passedMethods: passedMethods.filter((name) => name !== method),
    signInProofs: without(signInProofs, method),
    stepUpProofs: without(stepUpProofs, method),
  };
}

/** The columns of tokens that replace none: the client has them, or nobody. */
export function firstTokens(refreshHash: TokenHash | null, now: number): FirstTokens {
  return {
    previousTokenHash: null,
    tokenNonce: null,
    tokenMethod: null,
    tokenIssuedAt: now,
    tokenConfirmedAt: now,
    refreshHash,
    parentRefreshHash: null,
    refreshNonce: null,
    refreshedAt: refreshHash === null ? null : now,
    refreshConfirmedAt: refreshHash === null ? null : now,
  };
}

type FirstTokens = Pick<
  SessionRow,
  | 'previousTokenHash'
  | 'tokenNonce'
  | 'tokenMethod'
  | 'tokenIssuedAt'
  | 'tokenConfirmedAt'
  | 'refreshHash'
  | 'parentRefreshHash'
  | 'refreshNonce'
  | 'refreshedAt'
  | 'refreshConfirmedAt'
>;

/** Whether the use of the current session token shows that its client has the current refresh token, too. */
export function cameWithRefresh(row: Pick<SessionRow, 'refreshHash' | 'tokenMethod'>): boolean {
  return row.refreshHash !== null && row.tokenMethod === null;
}

/** The token that a request's use of it confirms; null where it is confirmed already, or too young to count as kept. */
export function confirmedBy(row: SessionRow, presented: TokenHash | null, now: number): TokenHash | null {
  return row.tokenConfirmedAt === null && isSettled(row, row.tokenIssuedAt, now) ? presented : null;
}

/** Whether what was made then is on its client's disk by now, if the client keeps it at all. */
export function isSettled({ delivery }: Pick<Session, 'delivery'>, issuedAt: number | null, now: number): boolean {
  return delivery === 'bearer' || now >= (issuedAt ?? 0) + SETTLING;
}

/** A session expires **at** either end. */
export function isLive(session: Pick<Session, 'idleExpiresAt' | 'expiresAt'>, now: number): boolean {
  return now < session.idleExpiresAt && now < session.expiresAt;
}

/** By how much a row may be ahead without being corrected by mere reading: two machines a minute apart go on as they are. */
const FAR = 600_000;

/** Whether a clock that was wrong has written the row, so that `correct-times` should put it right. */
export function isFarAhead(row: SessionRow, now: number): boolean {
  return latestTime(row) > now + FAR;
}

function latestTime({
  createdAt,
  lastSeenAt,
  tokenIssuedAt,
  tokenConfirmedAt,
  refreshConfirmedAt,
}: SessionRow): number {
  return Math.max(createdAt, lastSeenAt, tokenIssuedAt, tokenConfirmedAt ?? 0, refreshConfirmedAt ?? 0);
}

/**
 * The row as a clock at `now` may take it: whatever a clock that was ahead has written counts as written just now, ends
 * keep their distance, its proofs are none, and its tokens count as settled. Gives the row itself where nothing is ahead.
 */
export function believed(row: SessionRow, now: number): SessionRow {
  if (!isAhead(latestTime(row), now)) return row;
  const past = (at: number): number => (isAhead(at, now) ? now : at);
  const pastOrNull = (at: number | null): number | null => (at === null ? null : past(at));
  const issued = (at: number): number => (isAhead(at, now) ? now - SETTLING : at);
  const expiresAt = row.expiresAt - row.createdAt + past(row.createdAt);
  const idleExpiresAt = row.idleExpiresAt - row.lastSeenAt + past(row.lastSeenAt);
  return {
    ...row,
    createdAt: past(row.createdAt),
    authenticatedAt: past(row.authenticatedAt),
    lastSeenAt: past(row.lastSeenAt),
    idleExpiresAt: Math.min(idleExpiresAt, expiresAt),
    expiresAt,
    tokenIssuedAt: issued(row.tokenIssuedAt),
    tokenConfirmedAt: pastOrNull(row.tokenConfirmedAt),
    refreshedAt: row.refreshedAt === null ? null : issued(row.refreshedAt),
    refreshConfirmedAt: pastOrNull(row.refreshConfirmedAt),
    signInProofs: withoutAhead(row.signInProofs, now),
    stepUpProofs: withoutAhead(row.stepUpProofs, now),
  };
}

/**
 * The not-before time that a clock at `now` may take: one that is ahead is lowered to just before the present, so that
 * only sign-ins which have begun by then are refused. A store keeps what it was lowered to, whether or not the sign-in
 * that read it is refused.
 */
export function believedNotBefore(notBefore: number, now: number): number {
  return isAhead(notBefore, now) ? now - 1 : notBefore;
}

function withProof(proofs: ProofTimes, method: string, verifiedAt: number): ProofTimes {
  const known = Object.hasOwn(proofs, method) ? proofs[method] : undefined;
  return { ...proofs, [method]: Math.max(verifiedAt, known ?? verifiedAt) };
}

function without(proofs: ProofTimes, method: string): ProofTimes {
  return Object.fromEntries(Object.entries(proofs).filter(([name]) => name !== method));
}

function withoutAhead(proofs: ProofTimes, now: number): ProofTimes {
  return Object.fromEntries(Object.entries(proofs).filter(([, at]) => !isAhead(at, now)));
}
