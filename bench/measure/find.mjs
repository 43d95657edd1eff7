import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { sqliteStore } from '../../dist/esm/sqlite.js';
import { newFolder, settings } from '../settings.mjs';
import { median, spread } from '../statistics.mjs';
import { fillSqlite } from './fill-sqlite.mjs';

const CALLS = 20_000;

/** `find` of the SQLite store, on files of several sizes, in turns; each call is of another session. */
export async function measureFind() {
  const files = [];
  for (const count of settings.findAt) {
    const path = join(newFolder('find'), 'sessions.db');
    const hashAt = await fillSqlite(path, count);
    const store = sqliteStore(path);
    await store.migrate(); // once the writer answers, reads are made at once
    files.push({ count, store, hashAt, times: [] });
  }
  for (let round = -1; round < settings.rounds; round++) {
    for (const { count, store, hashAt, times } of files) {
      const hashes = Array.from({ length: CALLS }, () => hashAt(Math.floor(Math.random() * count)));
      const start = performance.now();
      for (const hash of hashes)
        if (store.sessions.find(hash)?.tokenHash !== hash) throw new Error('A session was not found.');
      if (round >= 0) times.push(((performance.now() - start) / CALLS) * 1_000);
    }
  }
  for (const { store } of files) await store.close();
  const [first] = files;
  const last = files.at(-1);
  const value = median(last.times) / median(first.times);
  return {
    title: 'Find by hash, SQLite',
    columns: ['sessions', 'µs', 'spread'],
    lines: files.map(({ count, times }) => [
      count.toLocaleString('en'),
      median(times).toFixed(1),
      `${(spread(times) * 100).toFixed(0)} %`,
    ]),
    rows: [
      {
        what: `find by hash at ${last.count.toLocaleString('en')} sessions: of the time at ${first.count.toLocaleString('en')}`,
        target: 'at most 1.50',
        value: value.toFixed(2),
        met: value <= 1.5,
      },
    ],
  };
}
