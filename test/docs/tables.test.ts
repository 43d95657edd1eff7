import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { postgresStore } from '../../lib/stores/postgres/index.js';
import { sqliteStore } from '../../lib/stores/sqlite/index.js';
import { describeOnPostgres } from '../stores/postgres/support.js';
import { plain, read } from './markdown.js';

describe('the SQL tables of docs/stores.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-tables-'));
  const columns = new Map<string, string[]>();

  beforeAll(async () => {
    const path = join(folder, 'app.db');
    const store = sqliteStore(path);
    await store.sessions.get('nobody'); // answered when the tables are there
    await store.close?.();
    const db = new Database(path, { readonly: true });
    const rows = db
      .prepare<[], { tableName: string; columnName: string }>(
        `SELECT t.name AS tableName, c.name AS columnName FROM sqlite_schema t, pragma_table_xinfo(t.name) c
         WHERE t.type = 'table' ORDER BY t.name, c.name`,
      )
      .all();
    for (const { tableName, columnName } of rows) {
      columns.set(tableName, [...(columns.get(tableName) ?? []), columnName]);
    }
    db.close();
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('are those that the store makes, with their columns', () => {
    assert.deepEqual(documentedTables(), columns);
  });
});

describeOnPostgres('the SQL tables of docs/stores.md', (database) => {
  it('are those that the PostgreSQL store makes, but for the columns that it says', async () => {
    const [, ...without] = /without `(\w+)` and `(\w+)` of the sessions/.exec(read('docs/stores.md')) ?? [];
    assert.equal(without.length, 2);
    const pool = await database.pool();
    await postgresStore(pool).migrate();
    const { rows } = await pool.query<{ name: string; columns: string[] }>(`
      SELECT table_name AS name, array_agg(column_name::text ORDER BY column_name COLLATE "C") AS columns
      FROM information_schema.columns WHERE table_schema = current_schema() GROUP BY table_name`);
    const documented = [...documentedTables()].map(([name, columns]) => {
      return [name, columns.filter((column) => name !== 'stepgate_sessions' || !without.includes(column))] as const;
    });
    assert.deepEqual(new Map(documented), new Map(rows.map(({ name, columns }) => [name, columns])));
  });
});

function documentedTables(): ReadonlyMap<string, readonly string[]> {
  const sections = read('docs/stores.md').matchAll(/^`(stepgate_\w+)`: .*?\n\n((?:\|.*\n)+)/gm);
  return new Map(
    Array.from(sections, ([, table = '', rows = '']) => {
      const cells = rows
        .split('\n')
        .slice(2, -1)
        .map((row) => plain(row.split('|')[1] ?? ''));
      return [table, cells.flatMap((cell) => cell.trim().split(', ')).sort()];
    }),
  );
}
