// A browser that fetches in advance what its user may want next (Speculation Rules, omnibox) sends cookies and `Sec-Fetch-Site: none` or `same-origin`: nobody has asked for the request yet.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { actionApp, approve, assertPasses, send } from '../actions/app.js';
import { Client, DELIVERIES } from '../support/client.js';
import { forRules } from '../support/stores.js';

const EXPORT = { method: 'GET', path: '/once?export=all' };

forRules((_name, makeStore) => {
  for (const delivery of DELIVERIES) {
    describe(`a prefetch of what the user has just approved, with ${delivery}`, () => {
      for (const purpose of [
        'prefetch',
        'prefetch;anonymous-client-ip',
        'prefetch;prerender',
        'Prefetch',
        'x, prefetch',
      ]) {
        it(`spends nothing: ${purpose}`, async () => {
          const app = actionApp({ store: await makeStore() });
          const client = await Client.signedIn(app, delivery);
          await approve(client, EXPORT, app.key);
          for (const site of ['none', 'same-origin']) {
            const headers = { 'Sec-Purpose': purpose, 'Sec-Fetch-Site': site };
            const { status, body } = await send(client, { ...EXPORT, headers });
            assert.deepEqual([status, body.reason], [401, 'missing']);
          }
          assert.deepEqual(app.passed, []);
          await assertPasses(client, EXPORT);
        });
      }

      it('nor does it void anything where a mismatch does', async () => {
        const app = actionApp({ store: await makeStore(), policy: 'psd2' });
        const client = await Client.signedIn(app, delivery);
        await approve(client, EXPORT, app.key);
        assert.equal((await send(client, { ...EXPORT, headers: { 'Sec-Purpose': 'prefetch' } })).status, 401);
        await assertPasses(client, EXPORT);
      });
    });
  }
});
