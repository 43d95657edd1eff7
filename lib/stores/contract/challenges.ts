import type { TokenHash } from '../../internal/tokens.js';
import type { Claimable } from './realm.js';

/** What a challenge is for. An answer to one is no answer to another. */
export type ChallengePurpose = 'step-up' | 'verify-only' | 'enrolment' | 'action' | 'approval';

/** Made by the server, random, for one use within minutes; bound to a session, a user, a purpose and methods. */
export interface ChallengeRow {
  readonly id: string;
  readonly sessionId: string;
  readonly userId: string;
  readonly purpose: ChallengePurpose;
  /** The methods that may answer it. */
  readonly methods: readonly string[];
  /** The bytes an authenticator signs, base64url. */
  readonly value: string;
  /** The digest of the action that it is for; null for the other purposes. */
  readonly actionDigest: string | null;
  /** The same of the action alone, by which it is known whether it was done before. */
  readonly actionMark: string | null;
  /** That of the session when it was made. */
  readonly generation: number;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** As in `SessionStore`: atomic, durable when answered, `now` is an argument, absent is a value. */
export interface ChallengeStore extends Claimable {
  /**
   * Inserts a challenge; where its session then has more than `max`, the oldest (by `createdAt`, then `id`) go.
   * An id that is taken is a failure of the store, and its challenge stays as it is.
   */
  insert(row: ChallengeRow, max: number): Promise<void>;
  /**
   * Deletes the challenge and gives it, if it is of this session and live at `now`; null otherwise. One that has
   * expired, was made further ahead of `now` than it lives, or is of another session is left alone. Of any number of
   * parallel takes one gets it.
   */
  take(sessionId: string, id: string, now: number): Promise<ChallengeRow | null>;
  dropForSession(sessionId: string): Promise<void>;
  dropForUser(userId: string): Promise<void>;
  /**
   * Marks a challenge that isn't stored as spent until `expiresAt`. True for the first call with this hash, false for
   * all others until then, parallel ones too.
   */
  spend(hash: TokenHash, expiresAt: number, now: number): Promise<boolean>;
  /** Deletes at most `limit` challenges and as many spent marks that have expired at `now`. Says how many of both went. */
  deleteExpired(now: number, limit: number): Promise<number>;
}
