/** Where the kit takes the time from. `Date` itself fits; tests hand in a manual clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/**
 * What two machines' clocks may differ by, in milliseconds. A time at most that far ahead counts as now; one
 * further ahead is refused.
 */
export const CLOCK_TOLERANCE = 5_000;
