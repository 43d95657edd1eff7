import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { sqliteStore } from '../../lib/stores/sqlite/index.js';
import { plain, read } from './markdown.js';

describe('the SQL tables of docs/stores.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-tables-'));
  const columns = new Map<string, string[]>();

  before(async () => {
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

  after(() => rmSync(folder, { recursive: true }));

  it('are those that the store makes, with their columns', () => {
    const documented = [...read('docs/stores.md').matchAll(/^`(stepgate_\w+)`: .*?\n\n((?:\|.*\n)+)/gm)].map(
      ([, table = '', rows = '']) => {
        const cells = rows
          .split('\n')
          .slice(2, -1)
          .map((row) => plain(row.split('|')[1] ?? ''));
        return [table, cells.flatMap((cell) => cell.trim().split(', ')).sort()] as const;
      },
    );
    assert.deepEqual(new Map(documented), columns);
  });
});
