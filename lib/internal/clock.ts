/** Where the kit takes the time from. `Date` itself fits; tests hand in a manual clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** The system's. It looks for `Date` at each call: a test's fake timers put another in its place. */
export const systemClock: Clock = { now: () => Date.now() };

/**
 * What two machines' clocks may differ by, in milliseconds. A time at most that far ahead counts as now; one
 * further ahead is refused.
 */
export const CLOCK_TOLERANCE = 5_000;

/**
 * Whether something that lives for `lifetime` ends later than its clock can have said. Two machines may differ by a
 * minute, and an end so little ahead is kept; a clock that was a year ahead and was put right must not leave behind
 * something that never ends.
 */
export function isBeyond(end: number, lifetime: number, now: number): boolean {
  return end - now > 2 * lifetime;
}
