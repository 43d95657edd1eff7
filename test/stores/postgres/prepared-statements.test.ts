import assert from 'node:assert/strict';
import { afterAll, it } from '@jest/globals';
import { storeConformance } from '../../../lib/conformance/index.js';
import { insert, sessionRow } from '../../../lib/conformance/session-rows.js';
import { NOW } from '../../../lib/conformance/setting.js';
import { postgresStore } from '../../../lib/stores/postgres/index.js';
import { racesOf, runConformance } from '../../support/conformance.js';
import { describeIfPresent } from '../../support/needs.js';
import { missingPostgres } from '../../support/postgres.js';
import { postgresTestStore } from '../../support/postgres-store.js';
import { describeOnPostgres } from './support.js';

describeOnPostgres('the statements of a PostgreSQL store', (database) => {
  for (const [preparedStatements, names] of [
    [undefined, ['stepgate:begin', 'stepgate:find', 'stepgate:insert']],
    [false, []],
  ] as const) {
    it(`are ${names.length > 0 ? '' : 'not '}kept prepared by the server: preparedStatements ${preparedStatements}`, async () => {
      const pool = await database.pool({ max: 1 });
      const store = postgresStore(pool, preparedStatements === undefined ? {} : { preparedStatements });
      await store.migrate();
      const row = sessionRow({ id: 'a' });
      await insert(store.sessions, row);
      await store.sessions.find(row.tokenHash);
      await store.grants.deleteExpired(NOW, 1);
      const { rows } = await pool.query<{ name: string }>('SELECT name FROM pg_prepared_statements ORDER BY name');
      const found = rows.map(({ name }) => name);
      assert.deepEqual(names.length > 0 ? names.filter((name) => found.includes(name)) : found, names);
    });
  }
});

const store = postgresTestStore({ preparedStatements: false });

// The other cases are in not-prepared.slow.test.ts.
describeIfPresent('a PostgreSQL store without prepared statements', missingPostgres, () => {
  afterAll(() => store.stop());
  runConformance(racesOf(storeConformance(store.make)));
});
