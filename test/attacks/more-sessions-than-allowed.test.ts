// A cap with a race (better-auth#1916): many sign-ins at once, and each counts before any of them is written.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { forEachStore } from '../support/stores.js';

forEachStore((_name, makeStore) => {
  it('50 sign-ins at once leave as many sessions as the cap allows', async () => {
    const { auth } = testInstance({ store: await makeStore(), maxSessionsPerUser: 3 });
    const { app } = testApp(auth);
    const browsers = Array.from({ length: 50 }, () => new Browser(app));
    await Promise.all(browsers.map((browser) => browser.signIn()));
    const live = await Promise.all(browsers.map(async (browser) => (await browser.get('/me')).status === 200));
    assert.equal(live.filter(Boolean).length, 3);
    assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 3);
  });
});
