// A password change that an old password outruns (CodeLens#344): the thief's sign-in is still with the KDF when the owner changes it.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { handle, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { forEachStore } from '../support/stores.js';

forEachStore((_name, makeStore) => {
  it('the sign-in that began before the change makes no session, and the sessions from before have ended', async () => {
    const { auth, clock } = testInstance({ store: await makeStore() });
    const changePassword = handle((req, res) => auth.credentialsChanged(req, res));
    const { app } = testApp(auth, { routes: { '/password': [changePassword] } });
    const [owner, thief, late] = [new Browser(app), new Browser(app), new Browser(app)];
    await owner.signIn();
    await thief.signIn();
    clock.advance('1s');
    const startedAt = clock.now();
    clock.advance('1s');
    assert.equal((await owner.post('/password')).status, 200);
    assertRefused(await late.post('/login', { body: { startedAt } }), 403, 'sign_in_refused');
    assertRefused(await thief.get('/me'), 401, 'session_invalid');
    assert.equal((await owner.get('/me')).status, 200);
    assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 1);
  });
});
