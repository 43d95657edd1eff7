import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { CLOCK_TOLERANCE, isAhead } from '../../lib/internal/clock.js';

describe('a time that is ahead', () => {
  it('is one that is later than now by more than two clocks may differ', () => {
    for (const [at, expected] of [
      [0, false],
      [1_000, false],
      [1_000 + CLOCK_TOLERANCE, false],
      [1_001 + CLOCK_TOLERANCE, true],
      [Infinity, true],
    ] as const) {
      assert.equal(isAhead(at, 1_000), expected, String(at));
    }
  });
});
