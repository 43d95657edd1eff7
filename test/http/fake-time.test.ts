import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { it } from 'node:test';
import { copyStore } from '../../lib/copy/index.js';
import { memoryStore, stepgate } from '../../lib/index.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { ORIGIN, SECRET } from '../support/kit.js';

it('a kit without a clock of its own goes by fake timers, though it was made before them', async (t) => {
  const auth = stepgate({ secret: SECRET, issuer: ORIGIN, store: memoryStore() });
  t.after(() => auth.close());
  const browser = new Browser(testApp(auth).app);
  const now = Date.UTC(2040, 0, 1);
  t.mock.timers.enable({ apis: ['Date'], now });
  assert.equal(auth.clock.now(), now);
  const { session } = await browser.signIn({ startedAt: Date.now() });
  assert.equal(session.createdAt, now);
  t.mock.timers.setTime(now + 7 * 86_400_000 - 1);
  assert.equal((await browser.get('/me')).status, 200);
  t.mock.timers.setTime(now + 31 * 86_400_000);
  assert.equal((await browser.get('/me')).status, 401);
});

it('a copy of a store goes by fake timers', async (t) => {
  const store = memoryStore();
  const auth = stepgate({ secret: SECRET, issuer: ORIGIN, store });
  t.after(() => auth.close());
  const req = new IncomingMessage(new Socket());
  await auth.signIn(req, new ServerResponse(req), { userId: 'ada', method: 'password' });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 31 * 86_400_000 });
  assert.equal((await copyStore(store, memoryStore())).sessions, 0);
});
