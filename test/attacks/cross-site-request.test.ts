// CSRF: another site lets the victim's browser send an unsafe request, and the browser adds the cookie by itself.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

it('a page of another origin changes nothing, by a form, by fetch or by a log-out', async () => {
  const { auth } = testInstance();
  const { app, handled } = testApp(auth);
  const victim = new Browser(app);
  const { session } = await victim.signIn();
  const foreign = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' };
  for (const type of [
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/json',
  ]) {
    for (const [method, path] of [
      ['POST', '/me'],
      ['POST', '/maybe'],
      ['POST', '/auth/logout'],
      ['DELETE', '/auth/sessions'],
      ['DELETE', `/auth/sessions/${session.id}`],
    ] as const) {
      const headers = { ...foreign, 'Content-Type': type };
      assertRefused(await victim.send(method, path, { headers, body: '{}' }), 403, 'cross_origin');
    }
  }
  assert.deepEqual(handled, []);
  assert.equal((await victim.get('/me')).status, 200);
});

it('no safe request changes anything', async () => {
  const { auth } = testInstance();
  const victim = new Browser(testApp(auth).app);
  const { session } = await victim.signIn();
  for (const path of [
    '/auth/logout',
    '/auth/token/refresh',
    `/auth/sessions/${session.id}`,
    '/auth/sessions?_method=DELETE',
  ]) {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      const headers = { 'Sec-Fetch-Site': 'cross-site', 'X-HTTP-Method-Override': 'DELETE' };
      await victim.send(method, path, { headers });
      assert.equal((await victim.get('/me')).status, 200, `${method} ${path}`);
    }
  }
});
