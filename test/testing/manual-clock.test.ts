import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { manualClock } from '../../lib/testing/index.js';

describe('manualClock', () => {
  it('starts at the same time every time, or where it is told to', () => {
    assert.equal(manualClock().now(), Date.UTC(2026, 0, 1));
    assert.equal(manualClock(5).now(), 5);
  });

  it('goes forward by a duration, a number being seconds', () => {
    const clock = manualClock(0);
    clock.advance('5m');
    assert.equal(clock.now(), 300_000);
    clock.advance(0.001);
    assert.equal(clock.now(), 300_001);
  });

  it('goes to any time, back as well', () => {
    const clock = manualClock(1_000);
    clock.set(7);
    assert.equal(clock.now(), 7);
  });

  it('takes no duration that would set it back', () => {
    assert.throws(() => manualClock().advance(-1), { name: 'SetupError' });
  });
});
