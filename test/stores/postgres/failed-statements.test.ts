import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from '@jest/globals';
import type { Pool } from 'pg';
import { given, insert, sessionRow } from '../../../lib/conformance/session-rows.js';
import { hashOf, NOW } from '../../../lib/conformance/setting.js';
import { challengeRow } from '../../../lib/conformance/step-up-rows.js';
import { type PostgresStore, postgresStore } from '../../../lib/stores/postgres/index.js';
import { describeOnPostgres, type TestDatabase, until } from './support.js';

const NUL = 'x\0y';

/** PostgreSQL keeps no NUL: each is refused with an SQLSTATE, the last inside a transaction with a lock. */
const REFUSED: Readonly<Record<string, (store: PostgresStore) => Promise<unknown>>> = {
  'a read': async ({ sessions }) => sessions.get(NUL),
  'a write': ({ challenges }) => challenges.take('session', NUL, NOW),
  'a write after others in its transaction': ({ challenges }) => challenges.insert(challengeRow({ id: NUL }), 16),
};

describeOnPostgres('a statement that the server refuses', (database) => {
  for (const [what, run] of Object.entries(REFUSED)) {
    it(`costs no connection, and leaves nothing on it: ${what}`, async () => {
      const { pool, store, opened } = await openStore(database);
      for (let n = 0; n < 20; n++) await assert.rejects(run(store), { code: '22021' });
      assert.deepEqual(opened(), { opened: 1, removed: 0 });
      const { rows } = await database.admin().query<{ state: string; locks: number }>(
        `SELECT state, (SELECT count(*)::int FROM pg_locks l WHERE l.pid = a.pid AND locktype = 'advisory') AS locks
          FROM pg_stat_activity a WHERE application_name = $1`,
        [pool.options.application_name],
      );
      assert.deepEqual(rows, [{ state: 'idle', locks: 0 }]);
      assert.equal((await store.sessions.get('a'))?.id, 'a');
    });
  }

  it('takes back what its transaction wrote before', async () => {
    const { store, opened } = await openStore(database);
    const row = sessionRow({ id: 'b', tokenHash: hashOf('a token') });
    await assert.rejects(store.sessions.revokeAllForUser('user', NUL, NOW), { code: '22021' });
    await assert.rejects(given(store.sessions, row), { code: '23505' });
    // A sign-in that began before would be refused.
    assert.equal((await insert(store.sessions, sessionRow({ id: 'c' }))).outcome, 'inserted');
    assert.equal(await store.sessions.get('b'), null);
    assert.deepEqual(opened(), { opened: 1, removed: 0 });
  });

  it('says what was wrong, however the rollback goes', async () => {
    const { pool, store, opened } = await openStore(database);
    const name = pool.options.application_name;
    const removed = once(pool, 'remove'); // some time after its query was refused
    const blocker = await (await database.pool({ like: pool, application_name: 'somebody else' })).connect();
    await blocker.query("BEGIN; SELECT 1 FROM stepgate_sessions WHERE id = 'a' FOR UPDATE");
    const revoked = assert.rejects(store.sessions.revoke('a', null), { code: '57P01' });
    const stuck = "FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";
    await until(database.admin(), `SELECT count(*) = 1 AS met ${stuck}`, [name]);
    await database.admin().query(`SELECT pg_terminate_backend(pid) ${stuck}`, [name]);
    await revoked;
    await removed;
    blocker.release(true);
    assert.equal((await store.sessions.get('a'))?.id, 'a');
    assert.deepEqual(opened(), { opened: 2, removed: 1 });
  });

  it('costs the connection where that has lost what pg believes to be prepared on it', async () => {
    const { pool, store, opened } = await openStore(database);
    await store.sessions.get('a');
    await pool.query('DEALLOCATE ALL');
    const removed = once(pool, 'remove');
    await assert.rejects(async () => store.sessions.get('a'), { code: '26000' });
    await removed;
    assert.equal((await store.sessions.get('a'))?.id, 'a');
    assert.deepEqual(opened(), { opened: 2, removed: 1 });
  });

  it('costs the connection where that leads to what has become a replica', async () => {
    const { pool, store, opened } = await openStore(database);
    await pool.query('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY');
    const removed = once(pool, 'remove');
    await assert.rejects(store.sessions.revoke('a', null), { code: '25006' });
    await removed;
    assert.deepEqual(await store.sessions.revoke('a', null), { id: 'a', userId: 'user' });
    assert.deepEqual(opened(), { opened: 2, removed: 1 });
  });
});

/** A store on a pool of one connection, which is made, and how many were opened and removed since. */
async function openStore(database: TestDatabase): Promise<{ pool: Pool; store: PostgresStore; opened: () => object }> {
  const pool = await database.pool({ max: 1 });
  const count = { opened: 0, removed: 0 };
  pool.on('connect', () => count.opened++);
  pool.on('remove', () => count.removed++);
  const store = postgresStore(pool);
  await store.migrate();
  await given(store.sessions, sessionRow({ id: 'a' }));
  return { pool, store, opened: () => count };
}
