import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { postgresStore } from '../../../lib/stores/postgres/index.js';
import { codeBlocks, read } from '../../docs/markdown.js';
import { cleanUp } from '../../support/clean-up.js';
import { everyOperation } from './every-operation.js';
import { describeOnPostgres } from './support.js';

const [rights] = codeBlocks(read('docs/stores.md'), 'sql');

describeOnPostgres('the rights that the docs give to the role of an app', (database) => {
  it('are enough for the store, and for a migrate that finds nothing to do', async () => {
    const admin = database.admin();
    const role = `stepgate_test_role_${process.pid}`;
    cleanUp(() => admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}; DROP SCHEMA IF EXISTS ${role}_auth CASCADE`));
    const named = (rights?.text ?? '').replaceAll(/\bauth\b/g, `${role}_auth`).replaceAll('app_auth', role);
    await admin.query(named);
    const owner = await database.pool({ schema: `${role}_auth` });
    await postgresStore(owner).migrate();
    const pool = await database.pool({ schema: `${role}_auth`, options: `-c role=${role}` });
    const store = postgresStore(pool);
    await store.migrate();
    await everyOperation(store);
    await assert.rejects(pool.query('CREATE TABLE mine ()'), { code: '42501' });
  });
});
