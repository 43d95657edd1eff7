// A log-out undone by a parallel write (connect-redis #328): a request that was in flight writes its session back.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { faultyStore } from '../support/faulty-store.js';
import { testInstance } from '../support/instance.js';
import { forEachStore } from '../support/stores.js';

forEachStore((_name, makeStore) => {
  it('a touch on its way to the store brings no session back that has ended meanwhile', async () => {
    const store = faultyStore(await makeStore());
    const { auth, clock } = testInstance({ store });
    const { app } = testApp(auth);
    const [victim, thief] = [new Browser(app), new Browser(app)];
    const { session } = await victim.signIn();
    for (const [name, value] of victim.cookies) thief.cookies.set(name, value);
    clock.advance('1h');
    await thief.get('/me');
    store.replace('touch', async (run) => {
      assert.equal((await victim.post('/auth/logout')).status, 204);
      return run();
    });
    await auth.flush();
    assertRefused(await thief.get('/me'), 401, 'session_invalid');
    assert.equal(await auth.sessions.get(session.id), null);
    assert.deepEqual((await auth.sessions.listForUser('ada')).sessions, []);
  });
});
