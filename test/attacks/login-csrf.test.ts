// Login CSRF: another site signs the victim in as the attacker, who later reads what the victim has entered.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

for (const [what, headers] of Object.entries({
  'another site': { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
  'a sibling domain': { 'Sec-Fetch-Site': 'same-site', Origin: 'https://blog.app.example' },
  'another site in an older browser': { 'Sec-Fetch-Site': undefined, Origin: 'https://evil.example' },
  'a sandboxed frame': { 'Sec-Fetch-Site': undefined, Origin: 'null' },
})) {
  it(`${what} can't sign a browser in, whether anybody is signed in there or not`, async () => {
    const { auth } = testInstance();
    const { app } = testApp(auth);
    const body = { userId: 'mallory' };
    const [nobody, victim] = [new Browser(app), new Browser(app)];
    await victim.signIn({ userId: 'ada' });
    for (const browser of [nobody, victim]) {
      for (const delivery of ['cookie', 'token-cookies']) {
        const response = await browser.post('/login', { body: { ...body, delivery }, headers });
        assertRefused(response, 403, 'cross_origin');
      }
    }
    assertRefused(await nobody.get('/me'), 401, 'session_required');
    assert.equal((await victim.get('/me')).body.userId, 'ada');
    assert.deepEqual((await auth.sessions.listForUser('mallory')).sessions, []);
  });
}
