import { afterAll } from '@jest/globals';
import { storeConformance } from '../../../lib/conformance/index.js';
import { runConformance } from '../../support/conformance.js';
import { describeIfPresent } from '../../support/needs.js';
import { missingPostgres } from '../../support/postgres.js';
import { postgresTestStore } from '../../support/postgres-store.js';

// A client with this option refuses what writes several statements at once, as `pg` on libpq does.
const store = postgresTestStore({ pool: { pipeline: true } });

describeIfPresent('a PostgreSQL store on clients that take statements one by one', missingPostgres, () => {
  afterAll(() => store.stop());
  runConformance(storeConformance(store.make));
});
