import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { postgresStore } from '../../../lib/stores/postgres/index.js';
import { Client } from '../../support/client.js';
import { methodApp } from '../../support/method-app.js';
import { describeOnPostgres } from './support.js';

const REQUESTS = 20;

describeOnPostgres('requests with a NUL in them', (database) => {
  it('cost no connection, and are no failure of the store', async () => {
    const pool = await database.pool({ max: 2 });
    const { migrate, ...store } = postgresStore(pool);
    await migrate();
    const app = methodApp({ store });
    const ada = await Client.signedIn(app, 'cookie', { method: 'code' });
    assert.equal(await ada.isSignedIn(), true);
    let made = 0;
    let ended = 0;
    pool.on('connect', () => {
      made += 1;
    });
    pool.on('remove', () => {
      ended += 1;
    });
    for (let count = 0; count < REQUESTS; count += 1) {
      const body = { method: 'code', challengeId: 'a\0b', response: { code: 'code' } };
      assert.equal((await ada.post('/auth/step-up/verify', { body })).status, 403);
      assert.equal((await ada.post('/auth/passkeys', { body: { ...body, method: undefined } })).status, 403);
      assert.equal((await ada.delete('/auth/passkeys/a%00b')).status, 404);
    }
    assert.equal(ended, 0);
    assert.ok(made <= 1, `${made} connections were made`); // the second that the pool may have
    assert.deepEqual(app.told('dependency.failed'), []);
  });
});
