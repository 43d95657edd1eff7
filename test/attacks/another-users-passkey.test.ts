// Re-authentication as another user (Keycloak CVE-2023-6787): the attacker answers a step-up with a passkey that is good, but another user's.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { begin, verify } from '../step-up/app.js';
import { faultyParts } from '../step-up/faulty-parts.js';
import { assertion, assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';
import { forRules } from '../support/stores.js';

forRules((_name, makeStore) => {
  describe("a good passkey of another user's", () => {
    it('is refused by the same questions as one that nobody has, which alone a browser is told to forget', async () => {
      const store = faultyParts(await makeStore());
      const app = passkeyApp({ store });
      const bea = await withPasskey(app, 'bea');
      const mallory = await withPasskey(app, 'mallory');
      const attempt = async (statedId?: string) => {
        const { challengeId, options } = await begin(mallory.browser, 'passkey');
        const { id } = (await bea.browser.get('/auth/passkeys')).body.passkeys[0];
        const signed = bea.authenticator.get(options as never, { credentialId: id, ...(statedId ? { statedId } : {}) }); // Bea's key signs Mallory's challenge
        store.calls.length = 0;
        const response = await verify(mallory.browser, 'passkey', signed, challengeId);
        return { response, calls: store.calls.filter((call) => !call.endsWith('.claim')) };
      };
      const known = await attempt();
      const unknown = await attempt('A'.repeat(43));
      for (const { response } of [known, unknown]) assertRefused(response, 403, 'step_up_failed');
      const { body } = known.response;
      assert.deepEqual(unknown.response.body, {
        ...body,
        attemptsLeft: body.attemptsLeft - 1,
        unknownCredential: true,
      });
      assert.deepEqual(known.calls, unknown.calls);
      assert.deepEqual(
        known.calls.filter((call) => call.startsWith('passkeys.')),
        // Mallory's, by user and id, and then only whether it is anybody's.
        ['passkeys.listForUser', 'passkeys.find', 'passkeys.findById'],
      );
      const reasons = app.told('step-up.failed').map((event) => 'reason' in event && event.reason);
      assert.deepEqual(reasons, ['unknown-credential', 'unknown-credential']);
    });

    it('elevates nobody, and leaves its owner as they were: passkey, attempts, sessions', async () => {
      const store = await makeStore();
      const app = passkeyApp({ store });
      const bea = await withPasskey(app, 'bea');
      const mallory = await withPasskey(app, 'mallory');
      const rows = async () => [
        await store.passkeys?.listForUser('bea'),
        await store.sessions.listForUser({ userId: 'bea', limit: 9, after: null, now: app.clock.now() }),
      ];
      const { id } = (await bea.browser.get('/auth/passkeys')).body.passkeys[0];
      await app.auth.flush();
      const before = await rows();
      for (let count = 0; count < 5; count += 1) {
        const { challengeId, options } = await begin(mallory.browser, 'passkey');
        const response = bea.authenticator.get(options as never, { credentialId: id }); // the options are the browser's JSON
        assertRefused(await verify(mallory.browser, 'passkey', response, challengeId), 403, 'step_up_failed');
      }
      assert.equal((await mallory.browser.post('/passkey')).status, 401);
      const { challengeId, response } = await assertion(mallory);
      assertRefused(await verify(mallory.browser, 'passkey', response, challengeId), 429, 'method_locked');
      assert.deepEqual(await rows(), before);
      const verified = await assertPresence(bea);
      assert.equal(verified.status, 200);
      assert.equal(verified.body.userId, 'bea');
    });

    it('is not offered by the options of the attacker’s own ceremony', async () => {
      const app = passkeyApp({ store: await makeStore() });
      const bea = await withPasskey(app, 'bea');
      const mallory = await withPasskey(app, 'mallory');
      const { options } = await begin(mallory.browser, 'passkey');
      const [theirs] = (await mallory.browser.get('/auth/passkeys')).body.passkeys;
      const { allowCredentials } = options as { allowCredentials: { id: string }[] }; // the browser's JSON
      assert.deepEqual(
        allowCredentials.map(({ id }) => id),
        [theirs.id],
      );
      assert.throws(() => bea.authenticator.get(options as never), /no such credential/);
    });
  });
});
