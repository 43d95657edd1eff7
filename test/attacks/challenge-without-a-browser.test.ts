// A challenge for bearer tokens is bound to no browser: an attacker could leave it, answered by their own passkey, to somebody else's browser.

import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { passkeyApp } from '../http/passkey-app.js';
import { assertRefused } from '../support/answers.js';
import { Browser, setCookies } from '../support/browser.js';

for (const delivery of ['cookie', 'token-cookies', undefined]) {
  it(`signs no browser in: a page that sends it for ${delivery ?? 'what stepgate gives'} is refused`, async () => {
    const app = passkeyApp();
    const { key } = await app.userWithPasskey('mallory');
    const attacker = new Browser(app.app);
    const victim = new Browser(app.app);
    await victim.post('/auth/sign-in/passkey/options'); // has a cookie of its own
    const begun = await attacker.post('/auth/sign-in/passkey/options', { body: { delivery: 'bearer' } });
    const { challengeId, options } = begun.body;
    const body = { challengeId, response: key.get(options), ...(delivery === undefined ? {} : { delivery }) };
    for (const browser of [victim, new Browser(app.app)]) {
      const refused = await browser.post('/auth/sign-in/passkey', { body });
      assertRefused(refused, 403, 'sign_in_refused');
      assert.deepEqual(setCookies(refused), []);
    }
  });
}
