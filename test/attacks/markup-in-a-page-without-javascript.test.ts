// Cross-site scripting: payees, field names, queries and summaries that are markup.
import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { PASSWORD, pagesApp } from '../pages/app.js';

const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;

describe('markup that comes with a request', () => {
  it('is text on every page', async () => {
    const browser = await pagesApp().signIn();
    const query = new URLSearchParams({ [EVIL]: EVIL });
    const first = await browser.postForm(`/transfers?${query}`, [
      ['to', EVIL],
      ['amount', '10'],
      [EVIL, EVIL],
    ]);
    const second = await browser.submit(first, PASSWORD);
    const wrong = await browser.submit(await browser.postForm(`/settings?${query}`, [[EVIL, EVIL]]), EVIL);
    const direct = await browser.goTo(`/step-up/page?${new URLSearchParams({ return_to: `/${EVIL}`, method: EVIL })}`);
    const posted = await browser.postForm('/step-up/page?return_to=/', [
      ['method', 'password'],
      ['answer', EVIL],
      ['summary', EVIL],
      ['challenge', EVIL],
      ['fields', EVIL],
    ]);
    for (const page of [first, second, wrong, direct, posted]) {
      assert.match(page.headers['content-type'] ?? '', /^text\/html; charset=utf-8$/);
      assert.doesNotMatch(page.text, /<script|<img/);
      // No attribute ends early: each is of letters and what was escaped.
      for (const [tag] of page.text.matchAll(/<(?:input|form|a)\b[^>]*>/g)) {
        assert.match(tag, /^<\w+(?: [\w-]+(?:="[^"<>]*")?)*>$/);
      }
    }
  });
});
