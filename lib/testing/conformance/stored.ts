import assert from 'node:assert/strict';
import type { Bench } from './case.js';

/** All words and numbers of a row, the names in its proofs and data included. */
export function wordsOf(row: object): readonly string[] {
  return Object.values(row).flatMap((value: unknown) => JSON.stringify(value).match(/[^[\]{}:,"]+/g) ?? []);
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
