import type { MaybePromise } from '../../internal/maybe-promise.js';
import type { RowCopy } from './copy.js';
import type { Claimable } from './realm.js';

/** A counter of attempts. What its key means and where its limit lies is the business of lib/step-up/attempts.ts. */
export interface AttemptCounter {
  readonly key: string;
  /** At this count, 1 or more, the attempt is refused; null: it only counts. */
  readonly limit: number | null;
  /** For how many milliseconds from its first attempt it counts; null: until it is cleared. */
  readonly window: number | null;
}

export interface AttemptCount {
  readonly key: string;
  readonly count: number;
  /** When its window ends; null for a counter without one. */
  readonly endsAt: number | null;
}

/** A counter as it is kept. */
export interface AttemptRow extends AttemptCount {
  readonly userId: string;
}

export type CountOutcome =
  /** One more on every counter; the new counts in the order of the question. */
  | { readonly outcome: 'counted'; readonly counts: readonly AttemptCount[] }
  /** The first counter that is at its limit; nothing was counted. */
  | { readonly outcome: 'refused'; readonly at: AttemptCount };

/** As in `SessionStore`: atomic, durable when answered, `now` is an argument, absent is a value. */
export interface AttemptStore extends Claimable {
  /** The counters of the user that are live at `now`, in the order of the keys; absent and ended ones are left out. */
  read(userId: string, keys: readonly string[], now: number): MaybePromise<readonly AttemptCount[]>;
  /**
   * One attempt on all these counters of the user (each named once), or on none: refused if one of them is at its limit.
   * A counter whose window has expired at `now` starts again; so does one whose end is further away than two windows
   * (`isBeyond`). Parallel attempts never get past a limit.
   */
  count(userId: string, counters: readonly AttemptCounter[], now: number): Promise<CountOutcome>;
  /**
   * Deletes the counters named in `clear` and takes one attempt back (never below 0) from those in `refund`,
   * whose windows stay. None is made by this.
   */
  reset(
    userId: string,
    reset: { readonly clear: readonly string[]; readonly refund: readonly string[] },
  ): Promise<void>;
  dropForUser(userId: string): Promise<void>;
  /** Deletes at most `limit` counters whose window has expired at `now`. Says how many. */
  deleteExpired(now: number, limit: number): Promise<number>;
  readonly copy?: RowCopy<AttemptRow>;
}
