// The public id as a credential: ids stand in session lists, logs and URLs, and somebody tries one as a token.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

it('a session id opens nothing, by whichever way it comes', async () => {
  const { auth } = testInstance();
  const { app, handled } = testApp(auth);
  const { session } = await new Browser(app).signIn();
  const attacker = new Browser(app);
  const { id } = session;
  for (const headers of [
    { Cookie: `__Host-session=${id}` },
    { Cookie: `__Host-session=${id.padEnd(43, 'A')}` },
    { Cookie: `__Host-access=${id}` },
    { Cookie: `__Host-refresh=${id}` },
    { Authorization: `Bearer ${id}` },
  ]) {
    assert.equal((await attacker.get(`/me?session=${id}`, { headers })).status, 401);
    assert.equal(
      (await attacker.post('/auth/token/refresh', { headers: { Cookie: undefined, ...headers } })).status >= 400,
      true,
    );
    await attacker.post('/auth/logout', { headers });
  }
  assert.deepEqual(handled, []);
  assert.notEqual(await auth.sessions.get(id), null); // none of it was a log-out
});
