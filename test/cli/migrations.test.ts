import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { migrationsOf, pendingOf } from '../../lib/cli/migrations.js';
import type { Store } from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { postgresMigrations, postgresStore } from '../../lib/stores/postgres/index.js';
import { type SqliteStore, sqliteStore } from '../../lib/stores/sqlite/index.js';
import { describeOnPostgres } from '../stores/postgres/support.js';
import { cleanUp } from '../support/clean-up.js';
import { testInstance } from '../support/instance.js';

function sqlite(): SqliteStore {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-migrations-'));
  const store = sqliteStore(join(folder, 'app.db'));
  cleanUp(async () => {
    await store.close?.();
    rmSync(folder, { recursive: true });
  });
  return store;
}

async function migrate(store: Store): Promise<void> {
  for (const each of migrationsOf(store)) await each.migrate();
}

describe('the migrations of a store', () => {
  it('are none where there are no tables', async () => {
    assert.deepEqual(migrationsOf(memoryStore()), []);
    assert.equal(await pendingOf(memoryStore()), null);
  });

  it('are those of each store that it is put together of, once', async () => {
    const [first, second, unused] = [sqlite(), sqlite(), sqlite()];
    const store = { ...unused, ...first, sessions: second.sessions, totp: second.totp };
    assert.deepEqual(
      migrationsOf(store).map((each) => each.migrate),
      [second, first].map(({ migrate: own }) => own),
    );
  });

  it('are taken from the top of an app’s own store, too', async () => {
    const store = sqlite();
    let calls = 0;
    const own: Store = {
      ...memoryStore(),
      passkeys: store.passkeys,
      async migrate() {
        calls += 1;
      },
      pendingMigrations: async () => ['CREATE TABLE own (id)'],
    };
    assert.deepEqual(await pendingOf(own), ['CREATE TABLE own (id)']);
    assert.equal(migrationsOf(own).length, 2);
    await migrate(own);
    assert.equal(calls, 1);
  });
});

describeOnPostgres('the migrations of a store', (database) => {
  it('are asked for their missing steps, whichever store was spread last', async () => {
    const file = sqlite();
    const pool = await database.pool();
    const { sessions, challenges } = file;
    // As with Redis: sessions and what they need there, and its `migrate` above that of PostgreSQL.
    const store: Store = { ...postgresStore(pool), sessions, challenges, migrate: file.migrate };
    assert.equal((await pendingOf(store))?.length, postgresMigrations().length);
    await migrate(store);
    assert.deepEqual(await pendingOf(store), []);
    await testInstance({ store }).auth.ready();
  });

  it('forget the realm in every store', async () => {
    const file = sqlite();
    const pool = await database.pool();
    const store: Store = { ...postgresStore(pool), sessions: file.sessions };
    await migrate(store);
    await testInstance({ store }).auth.ready();
    const renamed = testInstance({ store, issuer: 'https://renamed.example' });
    await assert.rejects(renamed.auth.ready(), /belongs to an instance/);
    for (const each of migrationsOf(store)) await each.migrate({ realm: true });
    await testInstance({ store, issuer: 'https://renamed.example' }).auth.ready();
  });
});
