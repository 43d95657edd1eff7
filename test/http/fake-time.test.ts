import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { it, jest } from '@jest/globals';
import { copyStore } from '../../lib/copy/index.js';
import { memoryStore, stepgate } from '../../lib/index.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { fakeTimers } from '../support/fake-timers.js';
import { ORIGIN, SECRET } from '../support/instance.js';

it('an instance without a clock of its own goes by fake timers, though it was made before them', async () => {
  const auth = stepgate({ secret: SECRET, issuer: ORIGIN, store: memoryStore() });
  cleanUp(() => auth.close());
  const browser = new Browser(testApp(auth).app);
  const now = Date.UTC(2040, 0, 1);
  fakeTimers(['Date'], now);
  assert.equal(auth.clock.now(), now);
  const { session } = await browser.signIn({ startedAt: Date.now() });
  assert.equal(session.createdAt, now);
  jest.setSystemTime(now + 7 * 86_400_000 - 1);
  assert.equal((await browser.get('/me')).status, 200);
  jest.setSystemTime(now + 31 * 86_400_000);
  assert.equal((await browser.get('/me')).status, 401);
});

it('a copy of a store goes by fake timers', async () => {
  const store = memoryStore();
  const auth = stepgate({ secret: SECRET, issuer: ORIGIN, store });
  cleanUp(() => auth.close());
  const req = new IncomingMessage(new Socket());
  await auth.signIn(req, new ServerResponse(req), { userId: 'ada', method: 'password' });
  fakeTimers(['Date'], Date.now() + 31 * 86_400_000);
  assert.equal((await copyStore(store, memoryStore())).sessions, 0);
});
