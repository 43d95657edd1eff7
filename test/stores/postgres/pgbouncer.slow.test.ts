import assert from 'node:assert/strict';
import { afterAll, it } from '@jest/globals';
import { storeConformance } from '../../../lib/conformance/index.js';
import { runConformance } from '../../support/conformance.js';
import { describeIfPresent } from '../../support/needs.js';
import { pgbouncerTestStore } from '../../support/pgbouncer-store.js';
import { everyOperation } from './every-operation.js';

const { make, missing, rawRows, stop } = pgbouncerTestStore();

// Its connections to the server are fewer than those of the clients, and go from one to another with each transaction.
describeIfPresent('a PostgreSQL store behind PgBouncer in transaction mode', missing, () => {
  afterAll(() => stop?.());

  runConformance(storeConformance(make, rawRows === undefined ? {} : { rawRows }));

  it('runs every operation for several clients at once', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, make));
    const done = await Promise.allSettled(stores.map((store) => everyOperation(store)));
    for (const store of stores) await store.close?.();
    assert.deepEqual(new Set(done.map(({ status }) => status)), new Set(['fulfilled']));
  });
});
