// A middleware in front of stepgate lets a page call its POST a GET, which no check of origins would look at.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Middleware } from '../../lib/http/require-session.js';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

/** As the package method-override does by `?_method=`. */
const methodOverride: Middleware = (req, _res, next) => {
  const method = new URL(req.url ?? '', 'https://app.example').searchParams.get('_method');
  Object.assign(req, { originalMethod: req.method }, method === null ? {} : { method });
  next();
};

for (const [what, headers] of Object.entries({
  'a sibling domain': { 'Sec-Fetch-Site': 'same-site', Origin: 'https://blog.app.example' },
  'another site in an older browser': { 'Sec-Fetch-Site': undefined, Origin: 'https://evil.example' },
})) {
  it(`${what} can't pass a POST off as a GET`, async () => {
    const { auth } = testInstance();
    const { app, handled } = testApp(auth, { before: [methodOverride] });
    const browser = new Browser(app);
    await browser.signIn();
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      assertRefused(await browser.post(`/me?_method=${method}`, { headers }), 403, 'cross_origin');
      assertRefused(await browser.post(`/login?_method=${method}`, { body: {}, headers }), 403, 'cross_origin');
    }
    assertRefused(await browser.post('/me', { headers }), 403, 'cross_origin');
    assert.deepEqual(handled, []);
    // What was unsafe before is so by either name; what is safe by both passes.
    assertRefused(await browser.get('/me?_method=DELETE', { headers }), 403, 'cross_origin');
    assert.equal((await browser.get('/me', { headers })).status, 200);
    assert.equal((await browser.post('/me?_method=PUT')).status, 200);
  });
}
