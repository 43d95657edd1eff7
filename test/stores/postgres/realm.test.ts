import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { SetupError } from '../../../lib/internal/setup-error.js';
import { postgresStore } from '../../../lib/stores/postgres/index.js';
import { LAYOUT_0_1 } from './layout-0.1.js';
import { describeOnPostgres } from './support.js';

describeOnPostgres('the realm of a PostgreSQL store', (database) => {
  it('is that of the first claim, for every store on the tables and on every part', async () => {
    const pool = await database.pool();
    const [first, second] = [postgresStore(pool), postgresStore(await database.pool({ like: pool }))];
    await first.migrate();
    assert.equal(await first.sessions.claim('a'), 'a');
    const { sessions, challenges, grants, approvals, attempts, passkeys, totp, recoveryCodes } = second;
    for (const part of [sessions, challenges, grants, approvals, attempts, passkeys, totp, recoveryCodes]) {
      assert.equal(await part.claim('b'), 'a');
    }
  });

  it('is read where nothing can be written', async () => {
    const pool = await database.pool();
    const { migrate, sessions } = postgresStore(pool);
    await migrate();
    await sessions.claim('a');
    const reader = await database.pool({ like: pool, options: '-c default_transaction_read_only=on' });
    assert.equal(await postgresStore(reader).sessions.claim('b'), 'a');
  });

  it('is kept by migrate, and forgotten by migrate with `realm: true`', async () => {
    const pool = await database.pool();
    const store = postgresStore(pool);
    await store.migrate();
    await store.sessions.claim('a');
    await store.migrate();
    await store.migrate({ realm: false });
    assert.equal(await store.sessions.claim('b'), 'a');
    await store.migrate({ realm: true });
    assert.equal(await postgresStore(pool).sessions.claim('b'), 'b');
    assert.equal(await store.sessions.claim('a'), 'b');
  });

  it('is one for each prefix', async () => {
    const pool = await database.pool();
    const [app, staff] = [postgresStore(pool), postgresStore(pool, { prefix: 'staff' })];
    for (const store of [app, staff]) await store.migrate();
    assert.equal(await app.sessions.claim('a'), 'a');
    assert.equal(await staff.sessions.claim('b'), 'b');
    await staff.migrate({ realm: true });
    assert.equal(await app.sessions.claim('b'), 'a');
  });

  it('is claimed on tables of today only, and says what to do', async () => {
    const pool = await database.pool();
    const { migrate, sessions } = postgresStore(pool);
    const refused = (message: RegExp) => ({ name: 'SetupError', message });
    await assert.rejects(sessions.claim('a'), refused(/There are no stepgate tables.* Call `await store.migrate\(\)`/));
    await pool.query(LAYOUT_0_1);
    await assert.rejects(sessions.claim('a'), refused(/are of version 1, and this .* Call `await store.migrate\(\)`/));
    await migrate();
    assert.equal(await sessions.claim('a'), 'a');
    await pool.query('UPDATE stepgate_schema SET version = version + 1');
    await assert.rejects(sessions.claim('a'), refused(/made by a newer one: update stepgate here, too/));
  });

  it('is forgotten by no other option', async () => {
    const { sessions, migrate } = postgresStore(await database.pool());
    await migrate();
    await sessions.claim('a');
    // @ts-expect-error no such option
    await assert.rejects(migrate({ realms: true }), SetupError);
    // @ts-expect-error no boolean
    await assert.rejects(migrate({ realm: 'yes' }), SetupError);
    assert.equal(await sessions.claim('b'), 'a');
  });
});
