// A late 401 that clears cookies (crosswithfriends#566): the answer to an old request ends the session of a sign-in made meanwhile.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

it('no refusal of any guard or route touches a cookie', async () => {
  const { auth, clock } = testInstance();
  const { app } = testApp(auth);
  const browser = new Browser(app);
  await browser.signIn();
  clock.advance('7d');
  const stale = { Cookie: browser.cookieHeader() };
  const requests = [
    ['GET', '/me'],
    ['GET', '/auth/session'],
    ['GET', '/auth/sessions'],
    ['DELETE', '/auth/sessions'],
    ['POST', '/auth/token/refresh'],
  ] as const;
  await browser.signIn();
  for (const [method, path] of requests) {
    for (const headers of [
      stale,
      { Cookie: '__Host-session=x' },
      { Cookie: '__Host-refresh=x' },
      { Cookie: undefined },
    ]) {
      const response = await browser.send(method, path, { headers });
      assert.ok(response.status >= 400, `${method} ${path}`);
      assert.equal(response.headers['set-cookie'], undefined);
    }
  }
  assert.equal((await browser.get('/me')).status, 200);
});
