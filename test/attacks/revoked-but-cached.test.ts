// A revoked session that lives on in a cache (better-auth#6893): another process, or the next request, still lets it in.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { forEachStore } from '../support/stores.js';

forEachStore((_name, makeStore) => {
  it('a session is over in every process with the answer to its revocation', async () => {
    const store = await makeStore();
    const one = testInstance({ store });
    const two = testInstance({ store: { sessions: store.sessions }, clock: one.clock });
    const [here, there] = [testApp(one.auth).app, testApp(two.auth).app];
    const owner = new Browser(here);
    const thief = new Browser(there);
    const { session } = await owner.signIn();
    for (const [name, value] of owner.cookies) thief.cookies.set(name, value);
    for (let time = 0; time < 3; time += 1) assert.equal((await thief.get('/me')).status, 200);
    assert.equal((await owner.delete(`/auth/sessions/${session.id}`)).status, 204);
    for (const path of ['/me', '/auth/session']) assertRefused(await thief.get(path), 401, 'session_invalid');
  });
});
