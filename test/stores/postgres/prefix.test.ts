import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { Pool } from 'pg';
import { insert, sessionRow } from '../../../lib/conformance/session-rows.js';
import { hashOf, NOW } from '../../../lib/conformance/setting.js';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { postgresMigrations, postgresStore } from '../../../lib/stores/postgres/index.js';
import { everyOperation } from './every-operation.js';
import { catalog, describeOnPostgres } from './support.js';

describe('the prefix of a PostgreSQL store', () => {
  for (const prefix of ['', 'Staff', '2staff', '_staff', 'staff-', 'a"b', "a'b", 'a'.repeat(17), 42, null]) {
    it(`can't be ${JSON.stringify(prefix)}`, () => {
      const options = { prefix } as { prefix: string }; // what JavaScript lets through
      assert.throws(() => postgresStore(new Pool(), options), SetupError);
      assert.throws(() => postgresMigrations(options), SetupError);
    });
  }

  it('is the only option of the printed migrations', () => {
    const misspelt = { prefiks: 'staff' } as object;
    assert.throws(() => postgresMigrations(misspelt), /Did you mean `prefix`/);
  });
});

describeOnPostgres('the prefix of a PostgreSQL store', (database) => {
  it('keeps the rows of two stores on one pool apart', async () => {
    const pool = await database.pool({ max: 1 });
    const [app, staff] = [postgresStore(pool), postgresStore(pool, { prefix: 'staff' })];
    for (const store of [app, staff]) await store.migrate();
    const [row, staffRow] = [sessionRow({ id: 'a' }), sessionRow({ id: 'b' })];
    await insert(app.sessions, row);
    await insert(staff.sessions, staffRow);
    assert.equal(await app.sessions.find(staffRow.tokenHash), null);
    assert.equal(await staff.sessions.find(row.tokenHash), null);
    assert.deepEqual(await app.sessions.listForUser({ userId: 'user', limit: 10, after: null, now: NOW }), [row]);
    assert.deepEqual(await staff.sessions.list({ limit: 10, after: null, now: NOW }), [staffRow]);

    const code = hashOf('code');
    await app.recoveryCodes.replace('user', [code], NOW);
    assert.equal(await staff.recoveryCodes.take('user', code), false);
    await staff.attempts.count('user', [{ key: 'totp', limit: 5, window: null }], NOW);
    assert.deepEqual(await app.attempts.read('user', ['totp'], NOW), []);

    assert.equal((await staff.sessions.revokeAllForUser('user', null, NOW)).length, 1);
    assert.deepEqual(await app.sessions.find(row.tokenHash), row);
    assert.equal((await insert(app.sessions, sessionRow({ id: 'c' }))).outcome, 'inserted');
  });

  it('lets every operation run, beside another store whose prefix begins alike', async () => {
    const pool = await database.pool({ max: 2 });
    for (const prefix of ['a', 'a_copy', 'a_challenge', 'a'.repeat(16)]) {
      const store = postgresStore(pool, { prefix });
      await store.migrate();
      await everyOperation(store);
    }
  });

  it('begins the names of all tables and indexes, printed or made', async () => {
    const [made, printed] = [await database.pool(), await database.pool()];
    await postgresStore(made, { prefix: 'staff_2' }).migrate();
    for (const step of postgresMigrations({ prefix: 'staff_2' })) await printed.query(`BEGIN; ${step}; COMMIT`);
    const { rows } = await made.query<{ relname: string }>(
      'SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace',
    );
    assert.ok(rows.length > 20);
    for (const { relname } of rows) assert.match(relname, /^staff_2_/);
    assert.deepEqual(await catalog(printed), await catalog(made));
    await postgresStore(printed, { prefix: 'staff_2' }).migrate();
  });

  it('is refused when a table of another one has a name that it needs', async () => {
    const pool = await database.pool();
    const app = postgresStore(pool);
    await app.migrate();
    await assert.rejects(postgresStore(pool, { prefix: 'stepgate_spent' }).migrate(), { code: '42P07' });
    assert.equal((await insert(app.sessions, sessionRow({ id: 'a' }))).outcome, 'inserted');
  });
});
