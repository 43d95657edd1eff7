// Challenge reuse (LAM CVE-2026-55167): the attacker sends a signed challenge again, or tries again after a failure.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { copyOf, verify } from '../step-up/app.js';
import { assertion, passkeyApp, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';

describe('a challenge that was answered', () => {
  it('is good for nothing any more, by whichever token of the session', async () => {
    const app = passkeyApp();
    const { browser, authenticator } = await withPasskey(app);
    const old = copyOf(browser, app.app);
    const { challengeId, response } = await assertion({ browser, authenticator });
    assert.equal((await verify(browser, 'passkey', response, challengeId)).status, 200);
    for (const tab of [old, browser]) {
      assertRefused(await verify(tab, 'passkey', response, challengeId), 403, 'step_up_failed');
    }
  });

  it('wrongly is burnt: the right answer comes too late', async () => {
    const app = passkeyApp();
    const { browser, authenticator } = await withPasskey(app);
    const { challengeId, response } = await assertion({ browser, authenticator });
    const wrong = { ...response, id: 'A'.repeat(43), rawId: 'A'.repeat(43) };
    assertRefused(await verify(browser, 'passkey', wrong, challengeId), 403, 'step_up_failed');
    assertRefused(await verify(browser, 'passkey', response, challengeId), 403, 'step_up_failed');
  });

  it('expires after five minutes, whenever the instance was made', async () => {
    const app = passkeyApp();
    app.clock.advance('1d');
    const { browser, authenticator } = await withPasskey(app);
    const { challengeId, response } = await assertion({ browser, authenticator });
    app.clock.advance('5m');
    assertRefused(await verify(browser, 'passkey', response, challengeId), 403, 'step_up_failed');
  });
});
