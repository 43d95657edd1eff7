// Proof not bound to the caller (Atlas #157, GHSA-hp74-gm6m-2qm5): the attacker answers with what was signed in another session.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { verify } from '../step-up/app.js';
import { assertion, passkeyApp, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';

describe('an assertion that its owner made in one session', () => {
  it('proves nothing in another one of theirs, nor in anybody else’s, and stays good where it belongs', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app);
    const mallory = await withPasskey(app, 'mallory');
    const { challengeId, response } = await assertion(ada);
    for (const thief of [await app.signIn('ada'), mallory.browser]) {
      assertRefused(await verify(thief, 'passkey', response, challengeId), 403, 'step_up_failed');
      assert.equal((await thief.post('/passkey')).status !== 200, true);
    }
    assert.equal((await verify(ada.browser, 'passkey', response, challengeId)).status, 200);
  });

  it('proves nothing with the challenge id of the session that it is stolen for', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app);
    const { response } = await assertion(ada);
    const thief = { ...ada, browser: await app.signIn('ada') };
    const { challengeId } = await assertion(thief);
    assertRefused(await verify(thief.browser, 'passkey', response, challengeId), 403, 'step_up_failed');
  });

  it('proves nothing in a session of the same user that was signed in later by the same browser', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app);
    const { challengeId, response } = await assertion(ada);
    await ada.browser.signIn();
    assertRefused(await verify(ada.browser, 'passkey', response, challengeId), 403, 'step_up_failed');
  });

  it('was made to prove nothing but itself, and proves nothing else', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app);
    const { challengeId, response } = await assertion(ada, {}, 'verify-only');
    assertRefused(await verify(ada.browser, 'passkey', response, challengeId), 403, 'step_up_failed');
  });

  it('was made to sign in, and steps nobody up', async () => {
    const app = passkeyApp();
    const { browser, authenticator } = await withPasskey(app);
    const { challengeId, options } = (await browser.post('/auth/sign-in/passkey/options')).body;
    const response = authenticator.get(options);
    assertRefused(await verify(browser, 'passkey', response, challengeId), 403, 'step_up_failed');
    const own = await assertion({ browser, authenticator });
    assertRefused(await verify(browser, 'passkey', response, own.challengeId), 403, 'step_up_failed');
  });
});
