// A proof that nobody gave (sokosumi#4466): an API key or an impersonated session passes for a user who has just signed in.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { pin } from '../support/pin.js';

it('an impersonated session has no proof, and an API key has no session', async () => {
  const { auth } = testInstance({ methods: [pin], apiKeys: { prefix: 'key_', verify: () => ({ userId: 'ada' }) } });
  const { app, handled } = testApp(auth, {
    routes: { '/fresh': [auth.requireFreshStepUp({ method: 'pin', maxAge: '5m' })] },
  });
  const support = new Browser(app);
  await support.signIn({ method: 'pin', interactive: false });
  assert.deepEqual((await support.get('/me')).body.proofs, []);
  const refused = await support.get('/fresh');
  assert.deepEqual([refused.status, refused.body.code], [401, 'step_up_required']);
  const job = { headers: { Cookie: undefined, Authorization: 'Bearer key_1' } };
  for (const [method, path] of [
    ['GET', '/fresh'],
    ['GET', '/auth/sessions'],
    ['DELETE', '/auth/sessions'],
  ] as const) {
    assertRefused(await support.send(method, path, job), 403, 'api_key_refused');
  }
  const begin = { ...job, body: { method: 'pin' } };
  assertRefused(await support.post('/auth/step-up/options', begin), 403, 'api_key_refused');
  assert.deepEqual(handled, ['/me']);
});
