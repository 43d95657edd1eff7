// Elevation of a copied token (ASVS 7.2.4): the attacker copies the cookie, waits until its owner has stepped up, and goes where only the elevated may.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { copyOf } from '../step-up/app.js';
import { assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';

describe('a cookie that was copied before a step-up', () => {
  it('is never elevated: at once, once its owner goes on, in the overlap, after it, after the next step-up', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app);
    const thief = copyOf(ada.browser, app.app);
    const isElevated = async (): Promise<boolean> => (await thief.post('/passkey')).status === 200;
    assert.equal((await assertPresence(ada)).status, 200);
    assert.equal(await isElevated(), false);
    assert.equal((await ada.browser.post('/passkey')).status, 200);
    await app.auth.flush();
    assert.equal(await isElevated(), false);
    app.clock.advance('10s');
    assert.equal(await isElevated(), false);
    assert.equal((await assertPresence(ada)).status, 200);
    assert.equal(await isElevated(), false);
    assert.equal((await ada.browser.post('/passkey')).status, 200);
  });

  it('is not elevated where the owner’s answer was lost either', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app);
    const thief = copyOf(ada.browser, app.app);
    assert.equal((await assertPresence({ ...ada, browser: copyOf(ada.browser, app.app) })).status, 200);
    assert.equal((await thief.post('/passkey')).status, 401);
    assert.equal((await assertPresence(ada)).status, 200);
    assert.equal((await thief.post('/passkey')).status, 401);
    assert.equal((await ada.browser.post('/passkey')).status, 200);
  });

  it('learns of no proof, ends no session and takes no method, though it still works in the overlap', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app);
    const thief = copyOf(ada.browser, app.app);
    await assertPresence(ada);
    assert.deepEqual((await thief.get('/me')).body.proofs, []);
    const [{ id }] = (await ada.browser.get('/auth/passkeys')).body.passkeys;
    for (const path of ['/auth/sessions', `/auth/passkeys/${id}`]) {
      assert.equal((await thief.delete(path)).body.code, 'session_invalid');
    }
    assert.equal((await ada.browser.post('/passkey')).status, 200);
  });
});
