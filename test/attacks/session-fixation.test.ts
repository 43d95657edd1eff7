// Session fixation (CVE-2022-25896): the attacker puts a session of theirs into the victim's browser before the victim signs in.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

it('a sign-in takes over neither the token nor the session that the attacker put there', async () => {
  const { auth } = testInstance();
  const { app } = testApp(auth);
  const attacker = new Browser(app);
  const planted = await attacker.signIn({ userId: 'mallory' });
  const victim = new Browser(app);
  for (const [name, value] of attacker.cookies) victim.cookies.set(name, value);
  const { session } = await victim.signIn({ userId: 'ada' });
  assert.notEqual(session.id, planted.session.id);
  assert.notDeepEqual(victim.cookies, attacker.cookies);
  // What the attacker kept is worth nothing now: neither the victim's session nor the attacker's own.
  assertRefused(await attacker.get('/me'), 401, 'session_invalid');
});

it('a sign-in never adopts a token that a client made up', async () => {
  const { auth } = testInstance();
  const { app } = testApp(auth);
  const chosen = { Cookie: `__Host-session=${'A'.repeat(43)}` };
  const victim = new Browser(app);
  const response = await victim.post('/login', { body: {}, headers: chosen });
  assert.equal(response.status, 200);
  assertRefused(await new Browser(app).get('/me', { headers: chosen }), 401, 'session_invalid');
  assert.equal((await victim.get('/me')).status, 200);
});
