/** Where stepgate takes the time from. `Date` itself fits; tests hand in a manual clock. */
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
 * Whether a credential of `createdAt` came after the challenge that it is to answer. A time that is ahead of the clock
 * says nothing: after a clock that was ahead was put right, its owner would otherwise be locked out for as long.
 */
export function isTooYoung(
  createdAt: number,
  { challenge, now }: { readonly challenge: { readonly createdAt: number } | null; readonly now: number },
): boolean {
  return challenge !== null && createdAt >= challenge.createdAt && !isAhead(createdAt, now);
}

/**
 * Whether an end is too far away for something of this lifetime: it was made by a clock that was ahead. Twice the
 * lifetime, since two machines may be a minute apart and go on working; what a clock made that was put right by a day
 * must not last for a day.
 */
export function isBeyond(end: number, lifetime: number, now: number): boolean {
  return end - now > 2 * lifetime;
}

// Taken here and not at each call: fake timers of a test put another clock in its place, on one side only.
const hrtime = process.hrtime.bigint;

/** Milliseconds on a clock that all threads of a process share and that nobody can set. */
export function monotonicNow(): number {
  return Number(hrtime()) / 1e6;
}
