import type { MaybePromise } from '../../internal/maybe-promise.js';
import type { TokenHash } from '../../internal/tokens.js';
import type { RowCopy } from './copy.js';
import type { Claimable } from './realm.js';
import type { SessionData } from './session-data.js';
import type { SessionChange } from './session-state.js';

/** How a session travels. It is written in the row: a credential that comes by another way is unknown. */
export type Delivery = 'cookie' | 'bearer' | 'token-cookies';

/** Who is signed in, from where, since when. Times are epoch milliseconds; a session expires **at** either end. */
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
  /** In it somebody else acts as the user. Absent for the user's own. */
  readonly impersonated?: true;
  /** It can ask for approvals, and nothing else. Absent for all others. */
  readonly restricted?: true;
}

/** When each method was last passed: `{ passkey: 1790000000000 }`. */
export type ProofTimes = Readonly<Record<string, number>>;

/** The admin who acts as the user, and why. The session lives no longer than the admin's own. */
export interface Impersonator {
  readonly userId: string;
  readonly sessionId: string;
  readonly reason: string;
}

/** A session as a store keeps it. Every token in it is a hash; session-state.ts says what they go through. */
export interface SessionRow extends Omit<Session, 'impersonated' | 'restricted'> {
  readonly tokenHash: TokenHash;
  /** The session token before the last replacement: still good while requests are in flight. */
  readonly previousTokenHash: TokenHash | null;
  /** What the current session token was derived with; null when it came with a sign-in or a new refresh token. */
  readonly tokenNonce: string | null;
  /** The method whose step-up made the current session token; null when it came otherwise. */
  readonly tokenMethod: string | null;
  /** When the current session token was made. */
  readonly tokenIssuedAt: number;
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
  /**
   * Counts what ends the grants made before: refreshes, and step-ups by the previous token. A change of credentials goes
   * on to the next million.
   */
  readonly generation: number;
  /** The methods that this session has passed, at any time. */
  readonly passedMethods: readonly string[];
  /** Proofs of the sign-in: they survive a refresh. */
  readonly signInProofs: ProofTimes;
  /** Proofs of later step-ups: they end with the next refresh. */
  readonly stepUpProofs: ProofTimes;
  /** The idle lifetime of this session alone, in milliseconds; null: the instance's. It never changes. */
  readonly idleLifetime: number | null;
  /** Whether its cookies outlive the browser. It never changes. */
  readonly persistent: boolean;
  /** Whether it can ask for approvals only. It never changes. */
  readonly restricted: boolean;
  /** Null for a session of the user's own. It never changes. */
  readonly impersonator: Impersonator | null;
}

export interface InsertSession {
  readonly row: SessionRow;
  /** The current or previous token of the session that the request carried before: it ends in the same step. */
  readonly replaces: TokenHash | null;
  /**
   * How many live sessions of their own the user may have with the new one; the oldest (by `createdAt`, then `id`) go.
   * Those of an impersonator neither count nor go. Null: no cap.
   */
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

export type ReplaceOutcome =
  | { readonly outcome: 'replaced'; readonly row: SessionRow; readonly ended: readonly EndedSession[] }
  /** Another step came first, or the session is gone or expired; nothing was written. */
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

export interface ListUserSessions {
  readonly userId: string;
  readonly limit: number;
  /** Only what comes after it; null from the start. */
  readonly after: SessionCursor | null;
  readonly now: number;
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
export interface SessionStore extends Claimable {
  /**
   * Ends the session named by `replaces` (whoever's it is, live or expired), ends the user's oldest live sessions until
   * the new one fits under `cap`, and inserts the row, in one step: of any number of parallel inserts exactly `cap`
   * rows survive. Refused when the user has a not-before time and `row.authenticatedAt <= notBefore`, as
   * `believedNotBefore` takes it: what it was lowered to is kept. An id that is taken is a failure of the store, and
   * its session stays as it is.
   */
  insert(insert: InsertSession): Promise<InsertOutcome>;
  /** The row whose **current or previous** token this is, live or expired; null when there is none. */
  find(tokenHash: TokenHash): MaybePromise<SessionRow | null>;
  /** The row with this id, live or expired; null when there is none. */
  get(id: string): MaybePromise<SessionRow | null>;
  /**
   * The user's live rows, last seen first (then newest, then by id), at most `limit`. However many there are, no event
   * loop waits for them.
   */
  listForUser(list: ListUserSessions): MaybePromise<readonly SessionRow[]>;
  /** Live rows of all users by id, at most `limit`. */
  list(list: ListSessions): MaybePromise<readonly SessionRow[]>;
  /**
   * Deletes a session, live or expired, if it is of `userId` where one is given. Null when there is no such session; so
   * a repeat gives null.
   */
  revoke(id: string, userId: string | null): Promise<EndedSession | null>;
  /**
   * Deletes the user's sessions, live or expired, but `except`, and sets the user's not-before time (never back to an
   * earlier one, but for one that isn't believed at `notBefore`). A sign-in that began before and ends after it is
   * refused.
   */
  revokeAllForUser(userId: string, except: string | null, notBefore: number): Promise<readonly EndedSession[]>;
  /**
   * For each touch whose session is live at `now`: moves `lastSeenAt` and `idleExpiresAt` forward (never back, the idle
   * end never past `expiresAt`), and where `confirms` is still the current token, sets `tokenConfirmedAt` to `seenAt` if
   * it is null, and so `refreshConfirmedAt` if that token came with a refresh token (`cameWithRefresh`). Never creates or
   * revives a row; absent ones are passed over.
   */
  touch(touches: readonly Touch[], now: number): Promise<void>;
  /**
   * Puts `changed` (session-state.ts) in place of the row with this id, in one step: nothing comes between what it
   * decides on and what is written. Gives the new row; null, and nothing written, where there is none or `changed` gives
   * null.
   *
   * @param known The row as its caller has just read it: a store over a network need not read it again, as long as it
   * writes only where the row still is that. It is a hint: what is done is the same without it.
   */
  change(id: string, change: SessionChange, now: number, known?: SessionRow): Promise<SessionRow | null>;
  /** The same for each of the user's sessions that is there when it begins, each in a step of its own. */
  changeAllOfUser(userId: string, change: SessionChange, now: number): Promise<void>;
  /**
   * A `change`, and in the same step the user's other sessions end and the not-before time is set to `now`, as in
   * `revokeAllForUser`.
   */
  replaceCredentials(
    id: string,
    change: Extract<SessionChange, { readonly type: 'replace-credentials' }>,
    now: number,
  ): Promise<ReplaceOutcome>;
  /** Deletes at most `limit` rows that have expired at `now`, and not-before times before `notBefore`. Says how many rows went. */
  deleteExpired(now: number, notBefore: number, limit: number): Promise<number>;
  /** Of the sessions and, beside them, of the not-before times: of two of a user the later stays. */
  readonly copy?: RowCopy<SessionRow> & { readonly notBefore: RowCopy<NotBeforeRow> };
}
