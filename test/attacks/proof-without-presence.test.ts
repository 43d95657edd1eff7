// Synthetic "fresh" principals (sokosumi #4466), acr and auth_time misuse (Keycloak, qauth #192): something other than a person's presence counts as a proof.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { confirm, copyOf, stepUp, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';

describe('no fresh proof is', () => {
  it('an API key, which is new with every request', async () => {
    const apiKeys = { prefix: 'bank_', verify: () => ({ userId: 'ada' }) };
    const { app } = stepUpApp({ apiKeys, routes: (auth) => ({ '/enrol': [auth.requireEnrolmentProof] }) });
    const headers = { Authorization: 'Bearer bank_1' };
    for (const path of ['/key', '/enrol', '/auth/step-up/verify', '/auth/sessions']) {
      const method = path === '/auth/sessions' ? 'DELETE' : 'POST';
      const body = path.endsWith('verify') ? { method: 'code', response: { code: 'code' } } : undefined;
      assertRefused(await new Browser(app).send(method, path, { body, headers }), 403, 'api_key_refused');
    }
  });

  it('an impersonation, though its session was made just now', async () => {
    const { signIn } = stepUpApp({ routes: (auth) => ({ '/enrol': [auth.requireEnrolmentProof] }) });
    const support = await signIn('ada', { method: ['key', 'code'], interactive: false });
    for (const path of ['/key', '/code', '/enrol'])
      assert.equal((await support.post(path)).body.code, 'step_up_required');
  });

  it('a refresh: the times of sign-in and proofs stay as they are', async () => {
    const { signIn, clock } = stepUpApp({ delivery: 'token-cookies' });
    const browser = await signIn('ada', { method: 'key' });
    const { proofs, session } = (await browser.get('/me')).body;
    for (let turn = 0; turn < 3; turn += 1) {
      clock.advance('2m');
      assert.equal((await browser.post('/auth/token/refresh')).status, 200);
      const now = (await browser.get('/me')).body;
      assert.deepEqual(now.proofs, proofs);
      assert.equal(now.session.authenticatedAt, session.authenticatedAt);
    }
    assert.equal((await browser.post('/key')).body.reason, 'expired');
  });

  it('use of the session, however lively', async () => {
    const app = stepUpApp();
    const browser = await app.signIn('ada', { method: 'key' });
    for (let minute = 0; minute < 5; minute += 1) {
      assert.equal((await browser.post('/key')).status, 200);
      app.clock.advance('15s');
      await confirm(app, browser); // 45 s later
    }
    assert.equal((await browser.post('/key')).body.reason, 'expired');
  });

  it('the enrolment of a method', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app);
    app.clock.set(app.clock.now() - 3_600_000); // back to when it was set up
    assert.equal((await ada.browser.post('/passkey')).body.reason, 'missing');
  });

  it('a challenge that was asked for, nor one that was answered for verify-only', async () => {
    const key = fakeKey();
    const { signIn } = stepUpApp({ methods: [key, fakeCode()] });
    const browser = await signIn();
    for (const purpose of ['step-up', 'verify-only']) {
      await browser.post('/auth/step-up/options', { body: { method: 'key', purpose } });
    }
    assert.equal((await browser.post('/key')).body.reason, 'missing');
  });

  it('a proof of another session, of another user, or from before a sign-in', async () => {
    const app = passkeyApp();
    const ada = await withPasskey(app);
    await assertPresence(ada);
    const second = copyOf(ada.browser, app.app);
    await second.signIn();
    assert.equal((await second.post('/passkey')).body.reason, 'missing');
    assert.equal((await (await app.signIn()).post('/passkey')).body.reason, 'missing');
    await withPasskey(app, 'bea');
    assert.equal((await (await app.signIn('bea')).post('/passkey')).body.reason, 'missing');
  });

  it('one from before the password was changed', async () => {
    const key = fakeKey();
    const { signIn } = stepUpApp({
      methods: [key, fakeCode()],
      routes: (auth) => ({
        '/password': [(req, res, next) => void auth.credentialsChanged(req, res).then(() => next(), next)],
      }),
    });
    const browser = await signIn('ada', { method: 'key' });
    await stepUp(browser, key);
    assert.equal((await browser.post('/password')).status, 200);
    assert.equal((await browser.post('/key')).body.reason, 'missing');
  });
});
