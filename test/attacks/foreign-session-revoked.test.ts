// Insecure direct object reference: a user ends, or finds out about, the session of another user by its id.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { forRules } from '../support/stores.js';

forRules((_name, makeStore) => {
  it("a user can neither end another user's session nor tell that there is one", async () => {
    const { auth } = testInstance({ store: await makeStore() });
    const { app } = testApp(auth);
    const [victim, attacker] = [new Browser(app), new Browser(app)];
    const { session } = await victim.signIn({ userId: 'ada' });
    await attacker.signIn({ userId: 'mallory' });
    const foreign = await attacker.delete(`/auth/sessions/${session.id}`);
    const unknown = await attacker.delete(`/auth/sessions/${'A'.repeat(22)}`);
    assertRefused(foreign, 404, 'not_found');
    assert.equal(foreign.text, unknown.text);
    await attacker.delete('/auth/sessions?keep=current');
    const listed = await attacker.get('/auth/sessions');
    assert.ok(!listed.text.includes(session.id) && !listed.text.includes('ada'));
    await attacker.delete('/auth/sessions');
    assert.equal((await victim.get('/me')).status, 200);
  });
});
