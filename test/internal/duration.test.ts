import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { milliseconds } from '../../lib/internal/duration.js';
import { SetupError } from '../../lib/internal/setup-error.js';

describe('milliseconds', () => {
  for (const [value, expected] of [
    ['1s', 1_000],
    ['90s', 90_000],
    ['5m', 300_000],
    ['12h', 43_200_000],
    ['30d', 2_592_000_000],
    ['007m', 420_000],
    [1, 1_000],
    [0.5, 500],
    [0.0014, 1],
    [90, 90_000],
  ] as const) {
    it(`reads ${JSON.stringify(value)} as ${expected}`, () => assert.equal(milliseconds(value, 'maxAge'), expected));
  }

  for (const value of [
    '5',
    '',
    's',
    '5ms',
    '1.5h',
    '-1s',
    '5 m',
    '5M',
    '0s',
    '9999999999d',
    '999999999d',
    0,
    -0,
    -1,
    0.0004,
    1e300,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    null,
    undefined,
    true,
    {},
    [5],
    5n,
  ]) {
    it(`refuses ${typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)} by the name of the option`, () => {
      assert.throws(
        () => milliseconds(value, 'maxAge'),
        (error) =>
          error instanceof SetupError &&
          error.message.startsWith('`maxAge` must be a duration.') &&
          error.help.includes("'5m'"),
      );
    });
  }

  it('takes 0 where it switches something off, and then says so', () => {
    for (const zero of [0, -0, '0s', '0d']) assert.equal(Math.abs(milliseconds(zero, 'grace', { allowZero: true })), 0);
    assert.throws(() => milliseconds(-1, 'grace', { allowZero: true }), /or 0 to switch it off/);
  });
});
