// Cookie tossing (GHSA-mq4x-r2w3-j7mr): a sibling domain sets a cookie of our name beside ours, and the server takes the wrong one.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';

for (const [what, cookies] of Object.entries({
  'behind ours': (mine: string, tossed: string) => `${mine}; ${tossed}`,
  'before ours': (mine: string, tossed: string) => `${tossed}; ${mine}`,
  'of another delivery': (mine: string, tossed: string) => `${mine}; ${tossed.replace('session=', 'access=')}`,
  'that is empty': (mine: string) => `session=; ${mine}`,
})) {
  it(`a tossed cookie ${what} acts for nobody`, async () => {
    // Without the prefix a browser would really keep both.
    const { auth, events } = testInstance({ issuer: 'http://localhost:3000', insecureCookies: true });
    const { app, handled } = testApp(auth);
    const [victim, attacker] = [new Browser(app), new Browser(app)];
    await victim.signIn({ userId: 'ada' });
    await attacker.signIn({ userId: 'mallory' });
    const headers = { Cookie: cookies(victim.cookieHeader() ?? '', attacker.cookieHeader() ?? '') };
    for (const path of ['/me', '/maybe', '/auth/session']) {
      const response = await victim.get(path, { headers });
      assert.deepEqual([response.status, response.body.code], [401, 'session_invalid']);
    }
    assert.deepEqual(handled, []);
    const reasons = events.flatMap((event) => (event.type === 'session.refused' ? event.reason : []));
    assert.deepEqual(new Set(reasons), new Set(['several-credentials']));
  });
}

it('a tossed cookie under a name without our prefix is none of ours', async () => {
  const { auth } = testInstance();
  const { app } = testApp(auth);
  const [victim, attacker] = [new Browser(app), new Browser(app)];
  await victim.signIn({ userId: 'ada' });
  await attacker.signIn({ userId: 'mallory' });
  const tossed = (attacker.cookieHeader() ?? '').replace('__Host-', '');
  const response = await victim.get('/me', { headers: { Cookie: `${tossed}; ${victim.cookieHeader()}` } });
  assert.equal(response.body.userId, 'ada');
});
