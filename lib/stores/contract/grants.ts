import type { Claimable } from './realm.js';

/** Permission for one action, spent once. A session has at most one live grant for the same action. */
export interface GrantRow {
  readonly sessionId: string;
  readonly userId: string;
  /** Of what is permitted: request, session and its generation, user, methods and payload. */
  readonly actionDigest: string;
  /** The challenge that was answered for it. */
  readonly challengeId: string;
  /** The method that the user proved presence with. */
  readonly method: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface TakeGrant {
  readonly sessionId: string;
  readonly userId: string;
  readonly actionDigest: string;
  /** The action alone: what it does, for whichever session, by whichever methods. */
  readonly action: string;
  /** Until when it is kept that the action was done. */
  readonly markedUntil: number;
  readonly now: number;
}

export type TakeGrantOutcome =
  | { readonly outcome: 'taken'; readonly row: GrantRow }
  /** There is no such grant, and a grant for the same action was taken before, the last time at `spentAt`. */
  | { readonly outcome: 'spent'; readonly spentAt: number }
  | { readonly outcome: 'none' };

/** As in `SessionStore`: atomic, durable when answered, `now` is an argument, absent is a value. */
export interface GrantStore extends Claimable {
  /** Inserts a grant, in place of one for the same session and action. */
  insert(row: GrantRow): Promise<void>;
  /**
   * Deletes the grant for this session and action and gives it, if it is live at `now` (one that was made further ahead
   * of `now` than it lives isn't), and marks the action as done by this user, until `markedUntil`. Of any number of
   * parallel takes one gets it, the others hear `spent`. Without a grant a live mark is looked for.
   */
  take(take: TakeGrant): Promise<TakeGrantOutcome>;
  /** The grant that came of this challenge of the session, if it wasn't taken yet. */
  dropForChallenge(sessionId: string, challengeId: string): Promise<void>;
  /** The grants; what was done stays marked. */
  dropForSession(sessionId: string): Promise<void>;
  /** With a method the grants made with it; without one all, and the marks as well. */
  dropForUser(userId: string, method: string | null): Promise<void>;
  /** Deletes at most `limit` grants and as many marks that have expired at `now`. Says how many of both went. */
  deleteExpired(now: number, limit: number): Promise<number>;
}
