import { afterAll } from '@jest/globals';
import { storeConformance } from '../../../lib/conformance/index.js';
import { runConformance } from '../../support/conformance.js';
import { describeIfPresent } from '../../support/needs.js';
import { postgresTestStore } from '../../support/postgres-store.js';

const store = postgresTestStore('postgres', { preparedStatements: false });

describeIfPresent('a PostgreSQL store without prepared statements', store.missing, () => {
  afterAll(() => store.stop?.());
  runConformance(storeConformance(store.make));
});
