// An outage taken for a log-out (alkem-io/server#6332): the store fails, every client gets 401 and throws its session away.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { faultyStore } from '../support/faulty-store.js';
import { testInstance } from '../support/instance.js';

it('while the store fails every request is a 500, and afterwards everybody is still signed in', async () => {
  const store = faultyStore(memoryStore());
  const { auth } = testInstance({ store, storeTimeout: 0.02 });
  const { app, handled } = testApp(auth);
  const browsers = Array.from({ length: 5 }, () => new Browser(app));
  for (const browser of browsers) await browser.signIn();
  for (const behave of [() => Promise.reject(new Error('down')), () => undefined, () => new Promise(() => {})]) {
    store.replace('find', behave);
    for (const browser of browsers) {
      assertRefused(await browser.get('/me'), 500, 'store_unavailable');
      assertRefused(await browser.get('/maybe'), 500, 'store_unavailable'); // not taken for nobody either
      assertRefused(await browser.post('/auth/logout'), 500, 'store_unavailable');
    }
  }
  assert.deepEqual(handled, []);
  store.mend();
  for (const browser of browsers) assert.equal((await browser.get('/me')).status, 200);
});
