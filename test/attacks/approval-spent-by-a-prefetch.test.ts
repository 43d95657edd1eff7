// A browser that fetches ahead what its user may want next sends a GET from the same origin, with the cookie, and nobody has clicked.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actionApp, approve, assertPasses, send } from '../actions/app.js';

describe('a prefetch of what the user has just approved', () => {
  for (const purpose of ['prefetch', 'prefetch;anonymous-client-ip', 'prefetch;prerender', 'Prefetch']) {
    it(`spends nothing (${purpose})`, async (t) => {
      const app = actionApp(t, { policy: 'psd2' });
      const browser = await app.signIn();
      const request = { method: 'GET', path: '/once?export=all' };
      await approve(browser, request, app.key);
      const { status } = await send(browser, { ...request, headers: { 'Sec-Purpose': purpose } });
      assert.equal(status, 401);
      assert.deepEqual(app.passed, []);
      await assertPasses(browser, request); // nor does it void what was approved
    });
  }
});
