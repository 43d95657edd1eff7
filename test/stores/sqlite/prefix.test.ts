import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { sqliteStore } from '../../../lib/stores/sqlite/index.js';
import { connect, inserting, listing, NOW, newFile, newRow, openStore } from './support.js';

describe('the prefix of a SQLite store', () => {
  it('keeps the rows of two stores in one file apart', async () => {
    const file = newFile();
    const [app, staff] = [openStore(file), openStore(file, { prefix: 'staff' })];
    const [row, staffRow] = [newRow(), newRow()];
    await app.sessions.insert(inserting(row));
    await staff.sessions.insert(inserting(staffRow));
    assert.equal(await app.sessions.find(staffRow.tokenHash), null);
    assert.equal(await staff.sessions.find(row.tokenHash), null);
    assert.deepEqual(await app.sessions.listForUser(listing('user-1')), [row]);
    assert.deepEqual(await staff.sessions.list({ limit: 10, after: null, now: NOW }), [staffRow]);

    const code = row.tokenHash;
    await app.recoveryCodes.replace('user-1', [code], NOW);
    assert.equal(await staff.recoveryCodes.take('user-1', code), false);
    await staff.attempts.count('user-1', [{ key: 'totp', limit: 5, window: null }], NOW);
    assert.deepEqual(await app.attempts.read('user-1', ['totp'], NOW), []);

    assert.equal((await staff.sessions.revokeAllForUser('user-1', null, NOW)).length, 1);
    assert.deepEqual(await app.sessions.find(row.tokenHash), row);
    assert.equal((await app.sessions.insert(inserting(newRow()))).outcome, 'inserted');
  });

  it('begins the names of all tables and indexes', async () => {
    const file = newFile();
    const store = openStore(file, { prefix: 'staff_2' });
    await store.migrate();
    const names = connect(file).prepare('SELECT name FROM sqlite_schema WHERE sql IS NOT NULL').pluck().all();
    assert.ok(names.length > 0);
    for (const name of names) assert.match(String(name), /^staff_2_/);
  });

  it('is refused when a table of another one has a name that it needs', async () => {
    const file = newFile();
    const app = openStore(file);
    await app.migrate();
    const other = openStore(file, { prefix: 'stepgate_spent' });
    await assert.rejects(other.migrate(), /stepgate_spent_challenges already exists/);
    assert.equal((await app.sessions.insert(inserting(newRow()))).outcome, 'inserted');
  });

  for (const prefix of ['', 'Staff', '2staff', '_staff', 'staff-', 'a"b', 'a'.repeat(17), 'sqlite', 'sqlite_x']) {
    it(`can't be ${JSON.stringify(prefix)}`, () => {
      assert.throws(() => sqliteStore('nowhere.db', { prefix }), SetupError);
    });
  }

  it('can be as long as 16 characters', async () => {
    const { sessions } = openStore(newFile(), { prefix: 'a'.repeat(16) });
    assert.equal(await sessions.get('nobody'), null);
  });

  it('is none of the options that are unknown', () => {
    const file = join(newFile(), 'nowhere.db');
    // @ts-expect-error no such option
    assert.throws(() => sqliteStore(file, { prefiks: 'staff' }), /Did you mean `prefix`/);
  });
});
