import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Pool, PoolClient } from 'pg';
import { given, rotatedRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, NOW } from '../../../lib/conformance/setting.js';
import { givenPasskeys, grantRow, passkeyRow } from '../../../lib/conformance/step-up-rows.js';
import type { TakeGrant } from '../../../lib/stores/contract/grants.js';
import { type PostgresStore, postgresStore } from '../../../lib/stores/postgres/index.js';
import { cleanUp } from '../../support/clean-up.js';
import { describeOnPostgres, idleOnServer, type TestDatabase } from './support.js';

const ROW = rotatedRow({ id: 'a' });

const TAKE: TakeGrant = {
  sessionId: 'session',
  userId: 'user',
  actionDigest: 'pay',
  action: 'pay',
  markedUntil: NOW + HOUR,
  now: NOW,
};

const WRITES: Readonly<Record<string, (store: PostgresStore) => Promise<unknown>>> = {
  'a revocation': ({ sessions }) => sessions.revoke('a', null),
  'a revocation of all': ({ sessions }) => sessions.revokeAllForUser('user', null, NOW),
  'a refresh': ({ sessions }) =>
    sessions.change(
      'a',
      {
        type: 'rotate',
        presented: hashOf('a refresh'),
        successor: hashOf('next refresh'),
        nonce: 'nonce',
        tokenHash: hashOf('next'),
      },
      NOW,
    ),
  'a grant that is taken': ({ grants }) => grants.take(TAKE),
  'a change of a method': ({ passkeys }) => passkeys.dropForUser('user'),
};

describeOnPostgres('a PostgreSQL store that waits for a lock', (database) => {
  for (const [what, write] of Object.entries(WRITES)) {
    it(`gives up ${what} after its timeout, and it is never applied`, async () => {
      const { pool, store, locker } = await lockedStore(database, 'SHARE');
      await connect(pool, 1);
      await assert.rejects(write(store), /timeout/i);
      // Kept where the server gave up first, closed where the client did.
      assert.equal(pool.totalCount, pool.idleCount);
      // Whatever still waited for the lock would have it now.
      await locker.query('COMMIT');
      await idleOnServer(database.admin(), pool.options.application_name ?? '');
      assert.deepEqual(await store.sessions.get('a'), ROW);
      assert.equal((await store.passkeys.listForUser('user')).length, 1);
      assert.equal((await store.grants.take(TAKE)).outcome, 'taken');
    });
  }

  it('gives up reads, too, and works again when the lock is gone', async () => {
    const { pool, store, locker } = await lockedStore(database, 'ACCESS EXCLUSIVE');
    await connect(pool, 5);
    const reads = await Promise.allSettled(Array.from({ length: 5 }, async () => store.sessions.find(ROW.tokenHash)));
    for (const read of reads) assert.match(String('reason' in read && read.reason), /timeout/i);
    assert.equal(pool.totalCount, 0);
    await locker.query('COMMIT');
    assert.deepEqual(await store.sessions.find(ROW.tokenHash), ROW);
  });

  it('leaves nothing on the server that waits when nobody waits for it any more', async () => {
    const { pool, store, locker } = await lockedStore(database, 'SHARE');
    const writes = await Promise.allSettled(Array.from({ length: 20 }, () => store.sessions.revoke('a', null)));
    for (const write of writes) assert.match(String('reason' in write && write.reason), /timeout|no connection/i);
    // The lock is held all the while: it is not what lets them go.
    await idleOnServer(database.admin(), pool.options.application_name ?? '');
    await locker.query('COMMIT');
    assert.deepEqual(await store.sessions.get('a'), ROW);
    assert.equal(pool.waitingCount, 0);
    // Those that came too late for anybody go back as soon as they are connected.
    while (pool.idleCount < pool.totalCount) await new Promise(setImmediate);
  });

  it('does not commit what has waited longer in all than its timeout, though each time less', async () => {
    const lockers: PoolClient[] = [];
    const pool = await database.pool();
    const others = await database.pool({ like: pool });
    await postgresStore(others).migrate();
    // An insert takes the one table and then the other.
    for (const table of ['stepgate_not_before', 'stepgate_sessions']) {
      const locker = await others.connect();
      cleanUp(() => locker.release(true)); // before its pool's end, which waits for it
      lockers.push(locker);
      await locker.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    }
    const impatient = postgresStore(others, { timeout: 0.3 });
    const refused = assert.rejects(given(postgresStore(pool, { timeout: 0.5 }).sessions, ROW), /timeout|in all/i);
    for (const locker of lockers) {
      // It only measures time: whether it waited for the table or for a connection is all the same.
      await assert.rejects(async () => impatient.sessions.get('a'), /timeout|no connection/i);
      await locker.query('COMMIT');
    }
    await refused;
    assert.equal(await postgresStore(others).sessions.get('a'), null);
  });

  it('says so when the pool has no connection to give, and gives one back that comes too late', async () => {
    const pool = await database.pool({ max: 1 });
    const store = postgresStore(pool);
    await store.migrate();
    const client = await pool.connect();
    const impatient = postgresStore(pool, { timeout: 0.1 });
    await assert.rejects(async () => impatient.sessions.get('a'), /no connection within 100 ms; nothing was run/);
    client.release();
    assert.equal(await store.sessions.get('a'), null);
    assert.equal(pool.totalCount, 1);
    assert.equal(pool.waitingCount, 0);
  });
});

interface Locked {
  readonly pool: Pool;
  readonly store: PostgresStore;
  readonly locker: PoolClient;
}

/** A store with a row in each of some tables, whose tables somebody else has locked. */
async function lockedStore(database: TestDatabase, mode: string): Promise<Locked> {
  const pool = await database.pool();
  const others = await database.pool({ like: pool, application_name: 'somebody else' });
  const patient = postgresStore(others);
  await patient.migrate();
  await given(patient.sessions, ROW);
  await patient.grants.insert(grantRow());
  await givenPasskeys(patient.passkeys, passkeyRow({ id: 'key' }));
  const locker = await others.connect();
  cleanUp(() => locker.release(true)); // before its pool's end, which waits for it
  await locker.query(`BEGIN; LOCK TABLE stepgate_sessions, stepgate_grants, stepgate_passkeys IN ${mode} MODE`);
  return { pool, store: postgresStore(pool, { timeout: 0.5 }), locker };
}

/** Makes so many connections, so that what comes next waits for the lock and not for one of them. */
async function connect(pool: Pool, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => pool.query('SELECT 1')));
  assert.equal(pool.idleCount, count);
}
