import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { Client, Pool } from 'pg';
import { given, rotatedRow, sessionRow } from '../../../lib/conformance/session-rows.js';
import { NOW } from '../../../lib/conformance/setting.js';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { postgresStore } from '../../../lib/stores/postgres/index.js';
import { describeOnPostgres, until } from './support.js';

describe('postgresStore', () => {
  for (const [what, pool] of Object.entries({
    'the address of a database': 'postgres://localhost/app',
    nothing: undefined,
    'a single client': new Client(),
    'the settings of a pool': { connectionString: 'postgres://localhost/app' },
  })) {
    it(`refuses ${what} in the place of a pool, and says what to write`, () => {
      assert.throws(
        () => postgresStore(pool as unknown as Pool), // what JavaScript lets through
        (error: unknown) => error instanceof SetupError && error.help.includes('postgresStore(new Pool({'),
      );
    });
  }

  it('refuses options that it does not know, and durations that are none', () => {
    const misspelt = { preparedStatement: false } as object;
    assert.throws(() => postgresStore(new Pool(), misspelt), /Did you mean `preparedStatements`\?/);
    assert.throws(() => postgresStore(new Pool(), { timeout: 0 }), SetupError);
  });

  it('takes a timeout of months for the longest that there is', () => {
    postgresStore(new Pool(), { timeout: '90d' });
  });
});

describeOnPostgres('the pool of a PostgreSQL store', (database) => {
  it('is left as it was found: with the settings and the listeners of the app', async () => {
    const pool = await database.pool({ max: 1, options: '-c statement_timeout=98765' });
    const heard: Error[] = [];
    pool.on('error', (error) => heard.push(error));
    const { migrate, sessions } = postgresStore(pool, { timeout: '1s' });
    await migrate();
    await given(sessions, sessionRow({ id: 'a' }));
    await sessions.revokeAllForUser('user', null, NOW);
    const settings = await pool.query<{ name: string; setting: string }>(
      `SELECT name, setting FROM pg_settings WHERE name IN
        ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_isolation') ORDER BY name`,
    );
    assert.deepEqual(
      settings.rows.map(({ setting }) => setting),
      ['0', '98765', 'read committed'],
    );
    assert.equal(pool.listenerCount('error'), 1);
  });

  it('outlives idle connections that the server ends, and the next request works', async () => {
    const pool = await database.pool();
    const { migrate, sessions } = postgresStore(pool);
    await migrate();
    const row = rotatedRow({ id: 'a' });
    await given(sessions, row);
    await Promise.all(Array.from({ length: 5 }, async () => sessions.get('a')));
    assert.ok(pool.idleCount > 1);
    const name = pool.options.application_name;
    const ended = new Promise((resolve) => pool.once('remove', resolve));
    await database
      .admin()
      .query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [name]);
    await ended;
    // Not before the pool knows: a connection that broke unnoticed fails one request, as any does.
    await until(database.admin(), 'SELECT count(*) = 0 AS met FROM pg_stat_activity WHERE application_name = $1', [
      name,
    ]);
    while (pool.totalCount > 0) await new Promise(setImmediate);
    assert.deepEqual(await sessions.find(row.tokenHash), row);
  });

  it('outlives a connection that the server ends in the middle of a statement', async () => {
    const pool = await database.pool();
    const { migrate, sessions } = postgresStore(pool);
    await migrate();
    await given(sessions, sessionRow({ id: 'a' }));
    const admin = database.admin();
    const blocker = await pool.connect();
    await blocker.query("BEGIN; SELECT 1 FROM stepgate_sessions WHERE id = 'a' FOR UPDATE");
    const revoked = assert.rejects(sessions.revoke('a', null));
    const stuck = `FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`;
    const name = pool.options.application_name;
    await until(admin, `SELECT count(*) = 1 AS met ${stuck}`, [name]);
    await admin.query(`SELECT pg_terminate_backend(pid) ${stuck}`, [name]);
    await revoked;
    await blocker.query('COMMIT');
    blocker.release();
    assert.equal((await sessions.get('a'))?.id, 'a');
    assert.deepEqual(await sessions.revoke('a', null), { id: 'a', userId: 'user' });
    assert.equal(pool.idleCount, pool.totalCount);
  });
});
