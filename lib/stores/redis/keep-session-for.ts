/** How much longer than its use a key is kept: clocks differ, and a late look should still find why. */
const MARGIN = 3_600_000;
/** A sign-in that takes longer than a day is refused anyway. */
export const NOT_BEFORE_FOR: number = 86_400_000 + MARGIN;

/** A time to live, for one that may be over by now. */
export function keepSessionFor(endsAt: number, now: number): number {
  return Math.ceil(Math.max(0, endsAt - now) + MARGIN);
}
