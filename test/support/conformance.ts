import { describe, it } from '@jest/globals';
import type { ConformanceCase } from '../../lib/conformance/index.js';

/** Writes a test for each case, in a `describe` for each group; none for a case that isn't the store's. */
export function runConformance(all: readonly ConformanceCase[]): void {
  const cases = all.filter(({ skip }) => skip === undefined);
  for (const group of new Set(cases.map((each) => each.group))) {
    describe(group, () => {
      for (const { name, run } of cases.filter((each) => each.group === group)) it(name, run);
    });
  }
}

/** Those that two callers at once decide, or two changes of the same row. */
export function racesOf(cases: readonly ConformanceCase[]): readonly ConformanceCase[] {
  return cases.filter(({ group }) => /races|cap|beside|first|touch|take|spend/.test(group));
}
