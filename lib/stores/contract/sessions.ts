import type { MaybePromise } from '../../internal/maybe-promise.js';
import type { TokenHash } from '../../internal/token-hash.js';
import type { RowCopy } from './copy.js';
import type { SessionData } from './session-data.js';

/** How a session travels. It is written in the row: a credential that comes by another way is unknown. */
export type Delivery = 'cookie' | 'bearer' | 'token-cookies';

/** Who is signed in, from where, since when. Times are epoch milliseconds; a session is over **at** either end. */
export interface Session {
  /** Public and no credential; the same for the session's whole life. */
  readonly id: string;
  readonly userId: string;
  readonly delivery: Delivery;
  readonly createdAt: number;
  /** When the credentials of the sign-in were taken. */
  readonly authenticatedAt: number;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly expiresAt: number;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly label: string | null;
  readonly data: SessionData | null;
}

/** When each method was last passed: `{ passkey: 1790000000000 }`. */
export type ProofTimes = Readonly<Record<string, number>>;

/** A session as a store keeps it. Every token in it is a hash. */
export interface SessionRow extends Session {
  readonly tokenHash: TokenHash;
  /** The session token before the last replacement: still good while requests are in flight. */
  readonly previousTokenHash: TokenHash | null;
  /** What the current session token was derived with out of the previous one; null when it came with a refresh token. */
  readonly tokenNonce: string | null;
  /** The method whose step-up made the current session token; null when it came otherwise. */
  readonly tokenMethod: string | null;
  /** When the current session token was first used; null until then. */
  readonly tokenConfirmedAt: number | null;
  /** The current refresh token; null for a session without one. */
  readonly refreshHash: TokenHash | null;
  /** The refresh token that was presented for the current one. */
  readonly parentRefreshHash: TokenHash | null;
  /** What the current refresh token was derived with out of its parent. */
  readonly refreshNonce: string | null;
  /** When the current refresh token was made. */
  readonly refreshedAt: number | null;
  /** When the current refresh token, or the session token that came with it, was first used; null until then. */
  readonly refreshConfirmedAt: number | null;
  /** RFC 8176 values of the sign-in; they never change. */
  readonly amr: readonly string[];
  /** The `acr` of the sign-in; it never changes. */
  readonly acr: string | null;
  /** Proofs of the sign-in: they survive a refresh. */
  readonly signInProofs: ProofTimes;
  /** Proofs of later step-ups: they end with the next refresh. */
  readonly stepUpProofs: ProofTimes;
}

export interface InsertSession {
  readonly row: SessionRow;
  /** The current or previous token of the session that the request carried before: it ends in the same step. */
  readonly replaces: TokenHash | null;
  /** How many live sessions the user may have with the new one; the oldest (by `createdAt`, then `id`) go. Null: no cap. */
  readonly cap: number | null;
  readonly now: number;
}

/** A session that was ended, so that the caller can say so in an event. */
export interface EndedSession {
  readonly id: string;
  readonly userId: string;
}

export type InsertOutcome =
  | { readonly outcome: 'inserted'; readonly replaced: EndedSession | null; readonly evicted: readonly EndedSession[] }
  /** `row.authenticatedAt` isn't after the user's not-before time: nothing was written, nothing ended. */
  | { readonly outcome: 'refused' };

export interface Touch {
  readonly id: string;
  /** When the session was seen. */
  readonly seenAt: number;
  /** Where its idle end slides to. */
  readonly idleExpiresAt: number;
  /** The current session token, when this was its first use: marks it and the refresh token as confirmed. */
  readonly confirms: TokenHash | null;
}

export interface RotateRefresh {
  readonly id: string;
  /** The refresh token that was presented: the rotation happens only while it is the current one. */
  readonly presented: TokenHash;
  readonly successor: TokenHash;
  readonly nonce: string;
  /** The session token that comes with the successor. */
  readonly tokenHash: TokenHash;
  readonly idleExpiresAt: number;
  readonly now: number;
}

export interface RecordStepUp {
  readonly id: string;
  /** The session token that was presented. */
  readonly presented: TokenHash;
  /** What the new session token was derived with out of the presented one. */
  readonly nonce: string;
  readonly tokenHash: TokenHash;
  readonly method: string;
  /** The time of the proof; null for a step-up that makes none (an action's). */
  readonly verifiedAt: number | null;
  readonly now: number;
}

/** `lost`: the presented token may not do this (any more); nothing was written. */
export type RecordStepUpOutcome =
  /** With its `tokenNonce` the current token can be derived from the presented one. */
  { readonly outcome: 'recorded'; readonly row: SessionRow } | { readonly outcome: 'lost' };

export interface ReplaceCredentials {
  readonly id: string;
  readonly userId: string;
  /** The session token that was presented: it must be the current one. */
  readonly presented: TokenHash;
  readonly tokenHash: TokenHash;
  readonly refreshHash: TokenHash | null;
  readonly now: number;
}

/** `lost`: another step came first, or the session is gone or over; nothing was written. */
export type ReplaceOutcome =
  | { readonly outcome: 'replaced'; readonly ended: readonly EndedSession[] }
  | { readonly outcome: 'lost' };

/** A user's not-before time. */
export interface NotBeforeRow {
  readonly userId: string;
  readonly notBefore: number;
}

/** A place in a user's sessions, which are ordered by `lastSeenAt` and `createdAt`, latest first, then by `id`. */
export interface SessionCursor {
  readonly lastSeenAt: number;
  readonly createdAt: number;
  readonly id: string;
}

export interface ListSessions {
  readonly limit: number;
  /** Ids greater than this one, in plain byte order; null from the start. */
  readonly after: string | null;
  readonly now: number;
}

/**
 * The sessions part of a store. Each operation is atomic and durable when it is answered, and takes the time as an
 * argument: no store's own clock decides. "Absent" is a value, never a throw; a throw or a rejection means that the
 * store failed. Reads may answer with a value or with a promise.
 *
 * The caller sees to it that all strings are well-formed and hold no NUL, which not every database can keep; in `data`
 * JSON escapes them. Once an operation has returned its promise, the arguments are the caller's again: a store that
 * still needs them then has copied them.
 */
export interface SessionStore {
  /**
   * Ends the session named by `replaces` (whoever's it is, live or over), ends the user's oldest live sessions until the
   * new one fits under `cap`, and inserts the row, in one step: of any number of parallel inserts exactly `cap` rows
   * survive. Refused when the user has a not-before time and `row.authenticatedAt <= notBefore`. An id that is taken is
   * a failure of the store, and its session stays as it is.
   */
  insert(insert: InsertSession): Promise<InsertOutcome>;
  /** The row whose **current or previous** token this is, live or over; null when there is none. */
  find(tokenHash: TokenHash): MaybePromise<SessionRow | null>;
  /** The row with this id, live or over; null when there is none. */
  get(id: string): MaybePromise<SessionRow | null>;
  /** The user's live rows, last seen first (then newest, then by id). */
  listForUser(userId: string, now: number): MaybePromise<readonly SessionRow[]>;
  /** Live rows of all users by id, at most `limit`. */
  list(list: ListSessions): MaybePromise<readonly SessionRow[]>;
  /**
   * Deletes a session, live or over, if it is of `userId` where one is given. Null when there is no such session; so a
   * repeat gives null.
   */
  revoke(id: string, userId: string | null): Promise<EndedSession | null>;
  /**
   * Deletes the user's sessions, live or over, but `except`, and sets the user's not-before time (never back to an
   * earlier one). A sign-in that began before and ends after it is refused.
   */
  revokeAllForUser(userId: string, except: string | null, notBefore: number): Promise<readonly EndedSession[]>;
  /**
   * For each touch whose session is live at `now`: moves `lastSeenAt` and `idleExpiresAt` forward (never back, the idle
   * end never past `expiresAt`), and where `confirms` is still the current token, sets `tokenConfirmedAt` to `seenAt` if
   * it is null, and so `refreshConfirmedAt` if that token came with a refresh token (`refreshHash` isn't null and
   * `tokenNonce` is). Never creates or revives a row; absent ones are passed over.
   */
  touch(touches: readonly Touch[], now: number): Promise<void>;
  /**
   * If `presented` is the current refresh token of a session live at `now`: it becomes the parent, the successor and
   * its session token become current and unconfirmed, the current session token becomes the previous one, `refreshedAt`
   * becomes `now`, `lastSeenAt` too (never back), the idle end slides as in `touch`, the step-up proofs go. False
   * otherwise: nothing was written.
   */
  rotateRefresh(rotate: RotateRefresh): Promise<boolean>;
  /**
   * Notes a step-up on a session live at `now` and replaces its token, in one step:
   * - `presented` is the current token: it becomes the previous one, `tokenHash`, `nonce` and `method` take its place,
   *   unconfirmed; an unconfirmed refresh token that it came with is confirmed by that (at `now`).
   * - `presented` is the previous token, and the current one is unconfirmed (its answer was lost, or is on its way to
   *   another tab): where a step-up with the same method made it, it stays; where it came with a refresh, `tokenHash`,
   *   `nonce` and `method` take its place, unconfirmed, and the previous one stays.
   * - else `lost`; so also where a step-up with another method made the current token: whoever has it need not be able
   *   to pass this method, and would come by its proof.
   * A proof is kept in `stepUpProofs`, where a later time of the same method stays. Gives the row as it is then.
   */
  recordStepUp(record: RecordStepUp): Promise<RecordStepUpOutcome>;
  /** Takes all proofs of a session, the sign-in's too. False when there is no such session. */
  dropProofs(id: string): Promise<boolean>;
  /**
   * If `presented` is the current session token of this session, live at `now`: the user's other sessions end, the
   * not-before time is set to `now`, this session gets the new tokens as if it had just signed in with them (confirmed
   * at `now`, no previous token, no parent, no nonces), and all its proofs go. Without a new refresh token `refreshedAt`
   * and `refreshConfirmedAt` are null.
   */
  replaceCredentials(replace: ReplaceCredentials): Promise<ReplaceOutcome>;
  /** Deletes at most `limit` rows that are over at `now`, and not-before times before `notBefore`. Says how many rows went. */
  deleteExpired(now: number, notBefore: number, limit: number): Promise<number>;
  /** Of the sessions and, beside them, of the not-before times: of two of a user the later stays. */
  readonly copy?: RowCopy<SessionRow> & { readonly notBefore: RowCopy<NotBeforeRow> };
}
