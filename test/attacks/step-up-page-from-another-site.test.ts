// CSRF and clickjacking on the pages without JavaScript: another site posts to them, or shows them in a frame.
import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { PASSWORD, pagesApp } from '../pages/app.js';

describe('a page of another site', () => {
  for (const site of ['cross-site', 'same-site']) {
    it(`proves nothing and confirms nothing by posting to the step-up page (${site})`, async () => {
      const app = pagesApp();
      const browser = await app.signIn();
      const headers = {
        Accept: 'text/html',
        'Sec-Fetch-Site': site,
        'Content-Type': 'application/x-www-form-urlencoded',
      };
      const body = new URLSearchParams({ method: 'password', answer: PASSWORD, fields: 'to=eve&amount=1' }).toString();
      const answer = await browser.post('/step-up/page?return_to=/transfers', { body, headers });
      assert.equal(answer.status, 403);
      assert.doesNotMatch(answer.text, /<form|eve/);
      assert.equal((await browser.goTo('/report')).status, 303);
      // And a guarded form of the app asks for nothing: it isn't the user who wants it.
      const guarded = await browser.post('/transfers', { body: 'to=eve&amount=1', headers });
      assert.equal(guarded.status, 403);
      assert.doesNotMatch(guarded.text, /<form|eve/);
    });
  }

  it('shows no step-up page in a frame, the app’s own policy or none', async () => {
    for (const pages of [{}, { render: ({ body }: { body: string }) => body }]) {
      const browser = await pagesApp({ pages }).signIn();
      for (const page of [
        await browser.postForm('/transfers', [
          ['to', 'bea'],
          ['amount', '10'],
        ]),
        await browser.goTo('/step-up/page?return_to=/report'),
        await browser.goTo('/step-up/page?return_to=//evil.example'),
      ]) {
        assert.match(page.headers['content-security-policy'] ?? '', /frame-ancestors 'none'/);
        assert.equal(page.headers['x-frame-options'], 'DENY');
      }
    }
  });
});
