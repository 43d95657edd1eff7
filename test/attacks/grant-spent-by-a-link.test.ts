import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { actionApp, approve, assertPasses } from '../actions/app.js';
import { assertRefused } from '../support/answers.js';

/** A link or an image on another site brings a Lax cookie along on GET: nothing else would guard a GET that spends. */
describe('a link on another site to what the user has just approved', () => {
  for (const site of ['cross-site', 'same-site']) {
    it(`spends nothing (${site})`, async () => {
      const app = actionApp();
      const browser = await app.signIn();
      const request = { method: 'GET', path: '/once?export=all' };
      await approve(browser, request, app.key);
      const headers = { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
      assertRefused(await browser.get(request.path, { headers }), 403, 'cross_origin');
      assert.deepEqual(app.passed, []);
      await assertPasses(browser, request);
    });
  }
});
