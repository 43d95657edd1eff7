import { afterAll } from '@jest/globals';
import { storeConformance } from '../../../lib/conformance/index.js';
import { runConformance } from '../../support/conformance.js';
import { describeIfPresent } from '../../support/needs.js';
import { missingPostgres } from '../../support/postgres.js';
import { postgresTestStore } from '../../support/postgres-store.js';

const store = postgresTestStore({ preparedStatements: false });

describeIfPresent('a PostgreSQL store without prepared statements', missingPostgres, () => {
  afterAll(() => store.stop());
  runConformance(storeConformance(store.make));
});
