import { describe, it } from '@jest/globals';

/**
 * A `describe` whose tests need what a machine may lack, for example a server. Where it is `missing` they are skipped by
 * name; with `REQUIRE_ALL_STORES=1` that fails.
 */
export function describeIfPresent(title: string, missing: string | undefined, body: () => void): void {
  describe(title, () => {
    if (missing === undefined) return body();
    const required = process.env['REQUIRE_ALL_STORES'] === '1';
    if (!required) return it.skip(`can be run (needs ${missing})`, () => {});
    it('can be run', () => {
      throw new Error(`REQUIRE_ALL_STORES is set, and this needs ${missing}.`);
    });
  });
}
