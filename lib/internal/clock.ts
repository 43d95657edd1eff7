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

/** Whether a time is so far ahead that a clock was wrong when it was written, or is wrong now: it isn't believed. */
export function isAhead(at: number, now: number): boolean {
  return at > now + CLOCK_TOLERANCE;
}
