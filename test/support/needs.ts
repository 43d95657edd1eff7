import { describe, it } from 'node:test';

/**
 * A `describe` whose tests need what a machine may lack, for example a server. Where it is `missing` they are skipped by
 * name; with `REQUIRE_ALL_STORES=1` that fails.
 */
export function describeIfPresent(title: string, missing: string | undefined, body: () => void): void {
  describe(title, () => {
    if (missing === undefined) return body();
    const required = process.env['REQUIRE_ALL_STORES'] === '1';
    it('can be run', { skip: required ? false : `needs ${missing}` }, () => {
      throw new Error(`REQUIRE_ALL_STORES is set, and this needs ${missing}.`);
    });
  });
}

/** For tests that take minutes of real time; why they don't run here, false where they do. */
export const skipSlow: string | false =
  process.env['SLOW_TESTS'] === '1' ? false : 'SKIPPED: slow; set SLOW_TESTS=1 to run it';
