import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { openSqlite } from '../../example-app/database-sqlite.js';
import { cleanUp } from '../support/clean-up.js';
import { newFolder } from './bank.js';

it('opens its tables in a new file that another process has to itself meanwhile', async () => {
  const { database, remove } = await newFolder();
  cleanUp(remove);
  const other = new Sqlite(database);
  cleanUp(() => other.close());
  other.exec('BEGIN EXCLUSIVE');
  const opening = openSqlite(database);
  await nextTurn(); // it doesn't stop the event loop, else this would never come
  other.exec('COMMIT');
  const db = await opening;
  cleanUp(() => db.close());
  assert.deepEqual(await db.run('SELECT id FROM users'), []);
});
