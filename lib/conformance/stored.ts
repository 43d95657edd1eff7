import { assert } from './assert.js';
import type { Bench, CaseGroup, StorePart } from './case.js';

/** All words and numbers of a row, the names in its proofs and data included; each store has its own way to say no or nothing. */
export function wordsOf(row: object): readonly string[] {
  const told = Object.values(row).filter((value) => value !== null && typeof value !== 'boolean');
  return told.flatMap((value: unknown) => JSON.stringify(value).match(/[^[\]{}:,"]+/g) ?? []);
}

export async function stored(bench: Bench): Promise<string> {
  return (await bench.rawRows()).join('\n');
}

/** What is in `now` and wasn't in `before`. */
export function added(before: readonly string[], now: readonly string[]): string {
  return now.filter((text) => !before.includes(text)).join('\n');
}

export function assertHolds(text: string, parts: readonly string[]): void {
  for (const part of parts) assert.ok(text.includes(part), `${part} is stored`);
}

export function assertLacks(text: string, parts: readonly string[]): void {
  for (const part of parts) assert.ok(!text.includes(part), `${part} is not stored`);
}

/** Cases of what a part has written. */
export function storedGroup(part: StorePart, cases: CaseGroup['cases']): CaseGroup {
  return { group: `${part}: what is stored`, part, rawRows: true, cases };
}

/** As `storedGroup`, for what has expired. */
export function expiredGroup(part: StorePart, cases: CaseGroup['cases']): CaseGroup {
  return {
    ...storedGroup(part, cases),
    group: `${part}: what is stored of those that have expired`,
    deletesExpired: true,
  };
}

/** That a step writes all of these, and no time or hash beside them. */
export async function assertWrites(
  bench: Bench,
  words: readonly string[],
  step: () => Promise<unknown>,
): Promise<void> {
  await bench.sessions.get('nobody'); // a store may make its tables with its first operation
  const before = await bench.rawRows();
  await step();
  const text = added(before, await bench.rawRows());
  assertHolds(text, words);
  const large = text.match(/(?<![\w-])(?:\d{12,13}|[\w-]{43})(?![\w-])/g) ?? [];
  assert.deepEqual(
    large.filter((word) => !words.includes(word)),
    [],
  );
}

export async function assertUnchanged(bench: Bench, step: () => Promise<unknown>): Promise<void> {
  const before = await bench.rawRows();
  await step();
  assert.deepEqual(await bench.rawRows(), before);
}
