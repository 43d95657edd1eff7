import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { Pool } from 'pg';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { postgresMigrations, postgresStore } from '../../../lib/stores/postgres/index.js';
import { cleanUp } from '../../support/clean-up.js';
import { catalog, describeOnPostgres, type TestDatabase } from './support.js';

describeOnPostgres('migrate', (database) => {
  it('makes the tables once when ten processes start at once on an empty database', async () => {
    const pools = await poolsOnOneSchema(database, 10);
    await Promise.all(pools.map((pool) => postgresStore(pool).migrate()));
    assert.deepEqual(await versions(pools[0]), [postgresMigrations().length]);
    for (const pool of pools) assert.equal(await postgresStore(pool).sessions.get('nobody'), null);
  });

  it('changes nothing the second time, not even with rights to read only', async () => {
    const pool = await database.pool();
    await postgresStore(pool).migrate();
    const before = await catalog(pool);
    const reader = await database.pool({ like: pool, options: '-c default_transaction_read_only=on' });
    await postgresStore(reader).migrate();
    await postgresStore(pool).migrate();
    assert.deepEqual(await catalog(pool), before);
    assert.deepEqual(await versions(pool), [postgresMigrations().length]);
  });

  it('can be tried again after it failed, and leaves nothing half made', async () => {
    const pool = await database.pool();
    await pool.query('CREATE TABLE stepgate_totp (of_somebody_else text)');
    await assert.rejects(postgresStore(pool).migrate(), { code: '42P07' });
    assert.deepEqual(
      (await catalog(pool)).map(({ table }) => table),
      ['stepgate_totp'],
    );
    await pool.query('DROP TABLE stepgate_totp');
    await postgresStore(pool).migrate();
    assert.deepEqual(await versions(pool), [postgresMigrations().length]);
  });

  it('refuses tables that a newer stepgate made, and says what to do', async () => {
    const pool = await database.pool();
    const store = postgresStore(pool);
    await store.migrate();
    await pool.query('UPDATE stepgate_schema SET version = version + 1');
    await assert.rejects(store.migrate(), (error: unknown) => {
      assert.ok(error instanceof SetupError);
      assert.match(error.message, new RegExp(`of version ${postgresMigrations().length + 1}.*update stepgate`));
      return true;
    });
  });

  it('makes what the printed statements make, and takes theirs for its own', async () => {
    const [migrated, printed] = [await database.pool(), await database.pool()];
    await postgresStore(migrated).migrate();
    for (const step of postgresMigrations()) await printed.query(`BEGIN; ${step}; COMMIT`);
    const made = await catalog(migrated);
    assert.ok(made.length > 50);
    assert.deepEqual(await catalog(printed), made);
    await postgresStore(printed).migrate();
    assert.deepEqual(await versions(printed), [postgresMigrations().length]);
  });

  it('refuses a database whose encoding is not UTF8, and says so', async () => {
    const name = `stepgate_test_latin1_${process.pid}`;
    const admin = database.admin();
    await admin.query(`CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
    const client = await admin.connect();
    const { host, port, user, password } = client;
    client.release();
    const pool = new Pool({ host, port, user, password, database: name });
    cleanUp(async () => {
      await pool.end();
      await admin.query(`DROP DATABASE ${name}`);
    });
    await assert.rejects(postgresStore(pool).migrate(), (error: unknown) => {
      assert.ok(error instanceof SetupError);
      assert.match(error.message, /must be UTF8, and it is LATIN1.*CREATE DATABASE app ENCODING 'UTF8'/);
      return true;
    });
    assert.deepEqual(await catalog(pool), []);
  });

  it("finds its tables in an app's schema, and leaves the app's alone", async () => {
    const pool = await database.pool();
    await pool.query('CREATE TABLE users (id text); CREATE TABLE schema_version (version integer)');
    const store = postgresStore(pool);
    await store.migrate();
    const others = (await catalog(pool)).filter(({ table }) => !table.startsWith('stepgate_'));
    assert.deepEqual(new Set(others.map(({ table }) => table)), new Set(['users', 'schema_version']));
  });
});

async function poolsOnOneSchema(database: TestDatabase, count: number): Promise<readonly Pool[]> {
  const first = await database.pool({ max: 2 });
  const others = Array.from({ length: count - 1 }, () => database.pool({ max: 2, like: first }));
  return [first, ...(await Promise.all(others))];
}

async function versions(pool: Pool | undefined): Promise<readonly number[]> {
  const answer = await pool?.query<{ version: number }>('SELECT version FROM stepgate_schema');
  return answer?.rows.map(({ version }) => version) ?? [];
}
