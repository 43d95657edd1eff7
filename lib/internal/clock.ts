/** Where the kit takes the time from. `Date` itself fits; tests hand in a manual clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** The system's. It looks for `Date` at each call: a test's fake timers put another in its place. */
export const systemClock: Clock = { now: () => Date.now() };

/** In whole milliseconds, as stores keep them. */
export function inWholeMilliseconds(clock: Clock): Clock {
  return { now: () => Math.floor(clock.now()) };
}

/**
 * What two machines' clocks may differ by, in milliseconds. A time at most that far ahead counts as now; one
 * further ahead is refused.
 */
export const CLOCK_TOLERANCE = 5_000;

/** Whether a time that should be past was made by a clock that was ahead of this one: it is neither believed nor kept. */
export function isAhead(at: number, now: number): boolean {
  return at > now + CLOCK_TOLERANCE;
}

/**
 * Whether an end is too far away for something of this lifetime: it was made by a clock that was ahead. Twice the
 * lifetime, since two machines may be a minute apart and go on working; what a clock made that was put right by a day
 * must not last for a day.
 */
export function isBeyond(end: number, lifetime: number, now: number): boolean {
  return end - now > 2 * lifetime;
}
