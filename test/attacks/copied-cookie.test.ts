// Factor self-enrolment and lock-out with a copied cookie (CVE-2026-111949, ASVS 6.1.1): the attacker has nothing but the cookie of a live session.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { softwareAuthenticator } from '../../lib/testing/index.js';
import { copyOf, verify } from '../step-up/app.js';
import { WRONG } from '../step-up/fake-methods.js';
import { assertion, assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';
import { ORIGIN } from '../support/instance.js';
import { forRules } from '../support/stores.js';

/** Uses up what the session has left of attempts with a passkey. */
async function lock(thief: Browser): Promise<void> {
  const authenticator = softwareAuthenticator({ origin: ORIGIN });
  authenticator.create({
    challenge: 'AAAA',
    rp: { id: 'app.example' },
    user: { id: 'AAAA' },
    pubKeyCredParams: [{ alg: -7 }],
  });
  for (let count = 0; count < 5; count += 1) {
    const { body } = await thief.post('/auth/step-up/options', { body: { method: 'passkey' } });
    const response = authenticator.get({ ...body.options, allowCredentials: [] });
    assertRefused(await verify(thief, 'passkey', response, body.challengeId), 403, 'step_up_failed');
  }
}

forRules((_name, makeStore) => {
  describe('who has copied a cookie, and nothing else,', () => {
    it('can lock that session’s attempts, but not the passkey in another session of its owner', async () => {
      const app = passkeyApp({ store: await makeStore() });
      const ada = await withPasskey(app);
      const thief = copyOf(ada.browser, app.app);
      await lock(thief);
      const { challengeId, response } = await assertion(ada);
      assertRefused(await verify(ada.browser, 'passkey', response, challengeId), 429, 'method_locked');
      const elsewhere = { ...ada, browser: await app.signIn() };
      assert.equal((await assertPresence(elsewhere)).status, 200);
      assert.equal((await elsewhere.browser.post('/passkey')).status, 200);
    });

    it('can end that session by guessing on, but no other, and disable no passkey', async () => {
      const app = passkeyApp({ store: await makeStore() });
      const ada = await withPasskey(app);
      const elsewhere = { ...ada, browser: await app.signIn() };
      const thief = copyOf(ada.browser, app.app);
      await lock(thief);
      for (let count = 0; count < 5; count += 1) await verify(thief, 'code', WRONG);
      assertRefused(await ada.browser.get('/me'), 401, 'session_invalid');
      assert.equal((await assertPresence(elsewhere)).status, 200);
    });

    it('can neither add nor rename nor remove a method', async () => {
      const app = passkeyApp({ store: await makeStore() });
      const ada = await withPasskey(app);
      const thief = copyOf(ada.browser, app.app);
      const [{ id }] = (await ada.browser.get('/auth/passkeys')).body.passkeys;
      const attempts = [
        thief.post('/auth/passkeys/options'),
        thief.post('/auth/passkeys', { body: { challengeId: 'A'.repeat(22), response: {} } }),
        thief.send('PATCH', `/auth/passkeys/${id}`, { body: { label: 'mine' } }),
        thief.delete(`/auth/passkeys/${id}`),
      ];
      for (const { status, body } of await Promise.all(attempts)) {
        assert.deepEqual([status, body.code, body.rule.method], [401, 'step_up_required', 'passkey']);
      }
      const { passkeys } = (await ada.browser.get('/auth/passkeys')).body;
      assert.deepEqual(
        passkeys.map((passkey: { id: string; label: unknown }) => [passkey.id, passkey.label]),
        [[id, null]],
      );
    });

    it('and the weaker method, too, can neither', async () => {
      const app = passkeyApp({ store: await makeStore() });
      const ada = await withPasskey(app);
      const thief = copyOf(ada.browser, app.app);
      assert.equal((await verify(thief, 'code', { code: 'code' })).status, 200);
      const [{ id }] = (await thief.get('/auth/passkeys')).body.passkeys;
      for (const { body } of [await thief.post('/auth/passkeys/options'), await thief.delete(`/auth/passkeys/${id}`)]) {
        assert.equal(body.code, 'step_up_required');
      }
    });

    it('can’t have a ceremony that the owner began end in a key of theirs', async () => {
      const app = passkeyApp({ store: await makeStore() });
      const ada = await withPasskey(app);
      await assertPresence(ada);
      const thief = copyOf(ada.browser, app.app); // even the elevated one, for five minutes
      const { challengeId, options } = (await thief.post('/auth/passkeys/options')).body;
      app.clock.advance('5m');
      const response = softwareAuthenticator({ origin: ORIGIN }).create({ ...options, excludeCredentials: [] });
      const { body } = await thief.post('/auth/passkeys', { body: { challengeId, response } });
      assert.equal(body.code, 'step_up_required');
    });
  });
});
