import { changed } from '../stores/contract/session-state.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { Bench, CaseGroup } from './case.js';
import { change, changesOf, pick } from './session-changes.js';
import { given, rotatedRow } from './session-rows.js';
import { STATES } from './session-states.js';
import { NOW } from './setting.js';
import { assertHolds, assertLacks, stored, wordsOf } from './stored.js';

/** What no other row has: hashes and nonces. */
function isOwn(word: string): boolean {
  return word.length > 14;
}

function wordsOfAll(rows: readonly SessionRow[]): readonly string[] {
  return rows.flatMap(wordsOf).filter((word) => word !== 'null');
}

function storedCase(name: string): (bench: Bench) => Promise<void> {
  return async (bench) => {
    const rows = [...STATES.values()];
    await given(bench.sessions, ...rows);
    const before = await bench.rawRows();
    const results = rows.map((row) => changed(row, pick(changesOf(row), name), NOW));

    const unchanged = rows.filter((_, n) => results[n] === null);
    for (const row of unchanged) await change(bench.sessions, row.id, pick(changesOf(row), name));
    assert.deepEqual(await bench.rawRows(), before);

    for (const row of rows) await change(bench.sessions, row.id, pick(changesOf(row), name));
    const words = wordsOfAll(rows.map((row, n) => results[n] ?? row));
    const text = await stored(bench);
    assertHolds(text, words);
    const kept = new Set(words);
    assertLacks(
      text,
      wordsOfAll(rows).filter((word) => isOwn(word) && !kept.has(word)),
    );
  };
}

export const sessionsChangeStored: CaseGroup = {
  group: 'sessions.change: what is stored',
  part: 'sessions',
  rawRows: true,
  cases: Object.fromEntries(
    Object.keys(changesOf(rotatedRow({ id: 'any' }))).map((name) => [
      `holds the new rows alone, and stays as it is where there is none: ${name}`,
      storedCase(name),
    ]),
  ),
};
