// Tokens in clear in the database (keeperhub#1047): the attacker has read the sessions table, or a backup of it.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { forEachStore } from '../support/stores.js';

forEachStore((_name, makeStore, { rawRows }) => {
  it('nothing that stands in the store is a credential', async () => {
    const store = await makeStore();
    const { auth } = testInstance({ store });
    const { app, handled } = testApp(auth);
    const victim = new Browser(app);
    const { session } = await victim.signIn({ label: 'my laptop' });
    const token = victim.cookies.get('__Host-session') ?? '';
    const row = await store.sessions.get(session.id);
    const stored = [JSON.stringify(row), ...((await rawRows?.(store)) ?? [])].join('\n');
    assert.match(stored, /my laptop/); // it is the row
    for (const encoding of ['base64url', 'base64', 'hex'] as const) {
      assert.ok(!stored.includes(Buffer.from(token, 'base64url').toString(encoding)));
    }
    const words = new Set(stored.match(/[\w-]{16,}/g));
    assert.ok(words.size > 3);
    const attacker = new Browser(app);
    for (const word of words) {
      for (const headers of [
        { Cookie: `__Host-session=${word}` },
        { Cookie: `__Host-access=${word}` },
        { Authorization: `Bearer ${word}` },
      ]) {
        assert.equal((await attacker.get('/me', { headers })).status, 401);
      }
    }
    assert.deepEqual(handled, []);
  });
});
