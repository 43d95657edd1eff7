/** For clocks that differ: how long after its end a row is kept. Whether it is live is decided by its own field. */
export const MARGIN = 60_000;
/** A session's for longer: a late look should still find why it has expired. */
export const SESSION_MARGIN = 3_600_000;
/** A sign-in that takes longer than a day is refused anyway. */
export const NOT_BEFORE_FOR: number = 86_400_000 + SESSION_MARGIN;

/** A time to live in milliseconds, for what may have expired already. */
export function ttlOf(endsAt: number, now: number, margin: number = MARGIN): number {
  return Math.ceil(Math.max(0, endsAt - now) + margin);
}
