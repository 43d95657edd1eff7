import type { MaybePromise } from '../../internal/maybe-promise.js';
import type { RowCopy } from './copy.js';
import type { Claimable } from './realm.js';

/**
 * A TOTP of a user. At most one is confirmed, which is the one that counts. Beside it at most one waits for its first code,
 * and then takes its place.
 */
export interface TotpRow {
  readonly userId: string;
  /** The secret, encrypted; the store can't read it. */
  readonly encryptedSecret: string;
  readonly createdAt: number;
  /** When its first code was given; null until then. */
  readonly confirmedAt: number | null;
  /** The last time step a code was accepted for: no code counts twice (RFC 6238 5.2). */
  readonly lastStep: number | null;
}

export interface ConfirmTotp {
  readonly userId: string;
  /** The secret whose code was checked: it must still be the one that waits. */
  readonly encryptedSecret: string;
  readonly step: number;
  readonly now: number;
  /** Only while the user has neither a passkey of this domain nor a confirmed TOTP in this store. */
  readonly onlyIfNone: boolean;
  /** The domain of the instance's passkeys: see `PasskeyRow.rpID`. Null: all count. */
  readonly rpID: string | null;
}

export interface UseTotpStep {
  readonly userId: string;
  /** The secret whose code was checked: it must still be the user's. */
  readonly encryptedSecret: string;
  /** What is stored from then on, in place of it: the same secret, which may be encrypted anew. */
  readonly renewed: string;
  readonly step: number;
  /** A last step later than this isn't believed: a clock was ahead when it was noted. */
  readonly latest: number;
}

/** As in `SessionStore`: atomic, durable when answered, `now` is an argument, absent is a value. */
export interface TotpStore extends Claimable {
  /** The confirmed one. */
  find(userId: string): MaybePromise<TotpRow | null>;
  findWaiting(userId: string): MaybePromise<TotpRow | null>;
  /** Puts a row that isn't confirmed in place of another such. */
  begin(row: TotpRow): Promise<void>;
  /** Puts a confirmed row that comes from elsewhere in place of any other, also of one that waits. */
  put(row: TotpRow): Promise<void>;
  /**
   * Confirms the waiting row and notes the step; a confirmed one of before is gone then, and the answer is `replaced`.
   * `refused`, and nothing written, when it isn't the waiting one any more, or isn't the first.
   */
  confirm(confirm: ConfirmTotp): Promise<'confirmed' | 'replaced' | 'refused'>;
  /**
   * Notes a step, and the renewed secret, if it is later than the last one of the confirmed row with this secret, or if that one is later than
   * `latest`. Of parallel calls with one step, at most `latest`, one gets true.
   */
  useStep(use: UseTotpStep): Promise<boolean>;
  /** Removes the confirmed one and the one that waits. False if there was none. */
  remove(userId: string): Promise<boolean>;
  readonly copy?: RowCopy<TotpRow>;
}
