// A `req.auth` that isn't ours: another library, or a handler that copies the body into the request, says who is there.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

it('no guard and no route believes it', async () => {
  const { auth } = testInstance();
  const { app, handled } = testApp(auth, {
    before: [
      (req, _res, next) => {
        const session = { id: 'x', userId: 'root' };
        Object.assign(req, { auth: { via: 'cookie', userId: 'root', session, proofs: [] }, user: session, session });
        next();
      },
    ],
  });
  const attacker = new Browser(app);
  for (const path of ['/me', '/auth/session', '/auth/sessions']) {
    assertRefused(await attacker.get(path), 401, 'session_required');
  }
  assert.deepEqual(handled, []);
  assert.equal((await attacker.get('/maybe')).body, null);
  await attacker.signIn({ userId: 'mallory' });
  assert.equal((await attacker.get('/me')).body.userId, 'mallory');
});
