import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { begin, stepUpApp, verify } from '../step-up/app.js';
import { fakeKey, WRONG } from '../step-up/fake-methods.js';
import { assertion, assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';
import { forRules } from '../support/stores.js';

const PATH = '/auth/passkey/verify-assertion';

forRules((_name, makeStore) => {
  describe('POST /passkey/verify-assertion', () => {
    it('says that the assertion is good, and makes nothing of it', async () => {
      const app = passkeyApp({ store: await makeStore() });
      const ada = await withPasskey(app);
      const before = ada.browser.cookieHeader();
      const body = await assertion(ada, {}, 'verify-only');
      const response = await ada.browser.post(PATH, { body });
      assert.equal(response.status, 200, response.text);
      assert.deepEqual(response.body, { verified: true, userId: 'ada' });
      assert.equal(response.headers['cache-control'], 'no-store');
      assert.equal(response.headers['set-cookie'], undefined);
      assert.equal(ada.browser.cookieHeader(), before);
      assert.equal((await ada.browser.post('/passkey')).body.reason, 'missing');
      assert.deepEqual(app.told('step-up.succeeded'), []);
      const [passkey] = (await ada.browser.get('/auth/passkeys')).body.passkeys;
      assert.equal(passkey.lastUsedAt, app.clock.now()); // its counter has gone up
    });

    it('takes each challenge once, and that of a step-up not at all', async () => {
      const app = passkeyApp({ store: await makeStore() });
      const ada = await withPasskey(app);
      const body = await assertion(ada, {}, 'verify-only');
      assert.equal((await ada.browser.post(PATH, { body })).status, 200);
      assertRefused(await ada.browser.post(PATH, { body }), 403, 'step_up_failed');
      const stepUp = await assertion(ada);
      assertRefused(await ada.browser.post(PATH, { body: stepUp }), 403, 'step_up_failed');
      assertRefused(await verify(ada.browser, 'passkey', stepUp.response, stepUp.challengeId), 403, 'step_up_failed');
    });

    it('is no step-up: its challenge is refused there, and burnt', async () => {
      const app = passkeyApp({ store: await makeStore() });
      const ada = await withPasskey(app);
      const body = await assertion(ada, {}, 'verify-only');
      assertRefused(await verify(ada.browser, 'passkey', body.response, body.challengeId), 403, 'step_up_failed');
      assertRefused(await ada.browser.post(PATH, { body }), 403, 'step_up_failed');
    });

    it('checks as much as a step-up does, and counts in the same way', async () => {
      const app = passkeyApp({ store: await makeStore() });
      const ada = await withPasskey(app);
      const bea = await withPasskey(app, 'bea');
      const variants = [{ userVerified: false }, { tamperSignature: true }, { rpId: 'evil.example' }];
      for (const variant of variants) {
        const body = await assertion(ada, variant, 'verify-only');
        assertRefused(await ada.browser.post(PATH, { body }), 403, 'step_up_failed');
      }
      const { challengeId } = await begin(ada.browser, 'passkey', 'verify-only');
      const { response } = await assertion(bea, {}, 'verify-only');
      assertRefused(await ada.browser.post(PATH, { body: { challengeId, response } }), 403, 'step_up_failed');
      assertRefused(await assertPresence(ada, { userPresent: false }), 403, 'step_up_failed');
      assertRefused(
        await ada.browser.post(PATH, { body: await assertion(ada, {}, 'verify-only') }),
        429,
        'method_locked',
      );
    });
  });
});

describe('POST /passkey/verify-assertion', () => {
  const wrong: Readonly<Record<string, object>> = {
    nothing: {},
    'no challenge id': { response: {} },
    'a challenge id that is no text': { challengeId: 1, response: {} },
    'no response': { challengeId: 'A'.repeat(22) },
    'a response that is text': { challengeId: 'A'.repeat(22), response: '{}' },
    'a method': { challengeId: 'A'.repeat(22), response: {}, method: 'code' },
  };

  for (const [what, body] of Object.entries(wrong)) {
    it(`refuses ${what} with 400`, async () => {
      const { signIn } = passkeyApp();
      assertRefused(await (await signIn()).post(PATH, { body }), 400, 'request_invalid');
    });
  }

  it('is for a signed-in user’s own pages', async () => {
    const { app, signIn } = passkeyApp();
    const body = { challengeId: 'A'.repeat(22), response: {} };
    assertRefused(await new Browser(app).post(PATH, { body }), 401, 'session_required');
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    assertRefused(await (await signIn()).post(PATH, { body, headers }), 403, 'cross_origin');
  });

  it('is not there without passkeys', async () => {
    const { signIn } = stepUpApp({ methods: [fakeKey()], rules: {} });
    assert.equal((await (await signIn()).post(PATH, { body: WRONG })).status, 404);
  });
});
