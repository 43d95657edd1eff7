/** Permission for one action, spent once. A session has at most one live grant for the same action. */
export interface GrantRow {
  readonly sessionId: string;
  readonly userId: string;
  /** Of what is permitted: method, URL, session, user and payload. */
  readonly actionDigest: string;
  /** The method that the user proved presence with. */
  readonly method: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export type TakeGrantOutcome =
  | { readonly outcome: 'taken'; readonly row: GrantRow }
  /** It was taken before and would still be live: the request was let through once already. */
  | { readonly outcome: 'spent' }
  | { readonly outcome: 'none' };

/** As in `SessionStore`: atomic, durable when answered, `now` is an argument, absent is a value. */
export interface GrantStore {
  /** Inserts a grant, in place of one for the same session and action, spent or not. */
  insert(row: GrantRow): Promise<void>;
  /**
   * Marks the grant for this session and action as spent and gives it, if it is live at `now` and not spent yet. Of any
   * number of parallel takes one gets it, the others hear `spent`, until the grant's end.
   */
  take(sessionId: string, actionDigest: string, now: number): Promise<TakeGrantOutcome>;
  dropForSession(sessionId: string): Promise<void>;
  dropForUser(userId: string): Promise<void>;
  /** Deletes at most `limit` grants, spent or not, that are over at `now`. Says how many. */
  deleteExpired(now: number, limit: number): Promise<number>;
}
