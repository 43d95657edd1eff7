import type { Clock } from '../internal/clock.js';
import { type Duration, milliseconds } from '../internal/duration.js';

/** A clock that goes only when it is told to. */
export interface ManualClock extends Clock {
  /** Goes forward; nothing but a positive duration is taken. */
  advance(duration: Duration): void;
  /** Goes to this time in epoch milliseconds, back as well. */
  set(time: number): void;
}

/**
 * Makes a clock for the `clock` option, so that a test decides what time it is.
 *
 * @param start Epoch milliseconds. @default 2026-01-01T00:00:00Z
 */
export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let time = start;
  return {
    now() {
      return time;
    },
    advance(duration) {
      time += milliseconds(duration, 'duration');
    },
    set(to) {
      time = to;
    },
  };
}
