// Passkey counter (WebAuthn 6.1.1): the attacker has a copy of the key, and its counter is behind that of its owner.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { softwareAuthenticator } from '../../lib/testing/index.js';
import { assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';
import { ORIGIN } from '../support/instance.js';

describe('a counter that isn’t ahead of the stored one', () => {
  for (const counter of [2, 1, 0]) {
    it(`is refused and told, and the passkey isn’t taken from its owner: ${counter} after 2`, async () => {
      const app = passkeyApp();
      const ada = await withPasskey(app);
      for (let count = 0; count < 2; count += 1) assert.equal((await assertPresence(ada)).status, 200);
      assertRefused(await assertPresence(ada, { counter }), 403, 'step_up_failed');
      const [{ id }] = (await ada.browser.get('/auth/passkeys')).body.passkeys;
      assert.deepEqual(app.told('passkey.counter-regressed'), [
        { type: 'passkey.counter-regressed', userId: 'ada', passkeyId: id },
      ]);
      assert.equal((await assertPresence(ada)).status, 200);
    });
  }

  it('is no sign of a copy where it always stays 0, as with synced passkeys', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app, 'ada', softwareAuthenticator({ origin: ORIGIN, synced: true }));
    for (let count = 0; count < 3; count += 1) assert.equal((await assertPresence(ada)).status, 200);
  });

  it('is not looked at for somebody else’s answer: nobody can raise the alarm for another', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app);
    await assertPresence(ada);
    assertRefused(await assertPresence(ada, { counter: 0, tamperSignature: true }), 403, 'step_up_failed');
    assert.deepEqual(app.told('passkey.counter-regressed'), []);
  });
});
