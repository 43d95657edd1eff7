import { describe, it } from 'node:test';
import type { ConformanceCase } from '../../lib/conformance/index.js';

/** Writes a test for each case, in a `describe` for each group. */
export function runConformance(cases: readonly ConformanceCase[]): void {
  for (const group of new Set(cases.map((each) => each.group))) {
    describe(group, () => {
      for (const { name, skip = false, run } of cases.filter((each) => each.group === group)) it(name, { skip }, run);
    });
  }
}
