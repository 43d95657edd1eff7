import { afterAll } from '@jest/globals';
import { storeConformance } from '../../../lib/conformance/index.js';
import { racesOf, runConformance } from '../../support/conformance.js';
import { describeIfPresent } from '../../support/needs.js';
import { missingPostgres } from '../../support/postgres.js';
import { postgresTestStore } from '../../support/postgres-store.js';

// Where a statement that had to wait sees the row as it was before, it fails instead of deciding anew (SQLSTATE 40001).
for (const isolation of ['repeatable read', 'serializable']) {
  const store = postgresTestStore({
    settings: `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`,
  });
  describeIfPresent(`a PostgreSQL store in a database that is set to ${isolation}`, missingPostgres, () => {
    afterAll(() => store.stop());
    runConformance(racesOf(storeConformance(store.make)));
  });
}
