import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { openSqlite } from '../../example-app/database-sqlite.js';
import { newFolder } from './bank.js';

it('opens its tables in a new file that another process has to itself meanwhile', async (t) => {
  const { database, remove } = await newFolder();
  t.after(remove);
  const other = new Sqlite(database);
  t.after(() => other.close());
  other.exec('BEGIN EXCLUSIVE');
  const opening = openSqlite(database);
  await nextTurn(); // it doesn't stop the event loop, else this would never come
  other.exec('COMMIT');
  const db = await opening;
  t.after(() => db.close());
  assert.deepEqual(await db.run('SELECT id FROM users'), []);
});
