// Tokens in URLs (RFC 9700 4.3.2): what stands in a URL is in logs, histories and referrers.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

it('no token in a query, a path or a body is a credential', async () => {
  const { auth } = testInstance();
  const { app, handled } = testApp(auth);
  const victim = new Browser(app);
  await victim.signIn();
  const token = victim.cookies.get('__Host-session');
  const attacker = new Browser(app);
  for (const name of ['access_token', 'token', 'session', '__Host-session', 'sid', 'authorization']) {
    assertRefused(await attacker.get(`/me?${name}=${token}`), 401, 'session_required');
    assertRefused(await attacker.post('/me', { body: { [name]: token } }), 401, 'session_required');
  }
  assertRefused(await attacker.get(`/auth/session;jsessionid=${token}`.replace(';', '?;')), 401, 'session_required');
  assert.deepEqual(handled, []);
});
