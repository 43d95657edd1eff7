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

/** As in `SessionStore`: atomic, durable when answered, `now` is an argument, absent is a value. */
export interface GrantStore {
  /** Inserts a grant, in place of one for the same session and action. */
  insert(row: GrantRow): Promise<void>;
  /**
   * Deletes the grant for this session and action and gives it, if it is live at `now`; null otherwise. Of any number
   * of parallel takes one gets it.
   */
  take(sessionId: string, actionDigest: string, now: number): Promise<GrantRow | null>;
  dropForSession(sessionId: string): Promise<void>;
  dropForUser(userId: string): Promise<void>;
  /** Deletes at most `limit` grants that are over at `now`. Says how many. */
  deleteExpired(now: number, limit: number): Promise<number>;
}
