import type { MaybePromise } from '../../internal/maybe-promise.js';
import type { RowCopy } from './copy.js';
import type { Claimable } from './realm.js';

/** A user's TOTP. There is at most one, and it counts only once it is confirmed. */
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
  /** Only while the user has neither a passkey nor a confirmed TOTP in this store. */
  readonly onlyIfNone: boolean;
}

export interface UseTotpStep {
  readonly userId: string;
  /** The secret whose code was checked: it must still be the user's. */
  readonly encryptedSecret: string;
  readonly step: number;
  /** A last step later than this isn't believed: a clock was ahead when it was noted. */
  readonly latest: number;
}

/** As in `SessionStore`: atomic, durable when answered, `now` is an argument, absent is a value. */
export interface TotpStore extends Claimable {
  find(userId: string): MaybePromise<TotpRow | null>;
  /** Puts a row that isn't confirmed in place of another such; false, and nothing written, while a confirmed one is there. */
  begin(row: TotpRow): Promise<boolean>;
  /** Puts a confirmed row that comes from elsewhere in place of any other. */
  put(row: TotpRow): Promise<void>;
  /** Confirms the waiting row and notes the step. False when it isn't the waiting one any more, or isn't the first. */
  confirm(confirm: ConfirmTotp): Promise<boolean>;
  /**
   * Notes a step, if it is later than the last one of the confirmed row with this secret, or if that one is later than
   * `latest`. Of parallel calls with one step, at most `latest`, one gets true.
   */
  useStep(use: UseTotpStep): Promise<boolean>;
  /** False if there was none. */
  remove(userId: string): Promise<boolean>;
  readonly copy?: RowCopy<TotpRow>;
}
