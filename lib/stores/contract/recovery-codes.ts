import type { MaybePromise } from '../../internal/maybe-promise.js';
import type { TokenHash } from '../../internal/tokens.js';
import type { RowCopy } from './copy.js';
import type { Claimable } from './realm.js';

/** The codes of a user that are left, at least one. */
export interface RecoveryCodeSet {
  readonly userId: string;
  readonly hashes: readonly TokenHash[];
  readonly createdAt: number;
}

/** As in `SessionStore`: atomic, durable when answered, absent is a value. */
export interface RecoveryCodeStore extends Claimable {
  /** The user's codes are these (each named once) from now on; what was left of an older set is dead. */
  replace(userId: string, hashes: readonly TokenHash[], now: number): Promise<void>;
  /** Deletes the code and says whether it was there. Of parallel takes one gets true. */
  take(userId: string, hash: TokenHash): Promise<boolean>;
  /** How many codes are left, and since when the set exists; null for none. */
  count(userId: string): MaybePromise<{ readonly left: number; readonly createdAt: number } | null>;
  dropForUser(userId: string): Promise<void>;
  readonly copy?: RowCopy<RecoveryCodeSet>;
}
