// Factor self-enrolment to satisfy a step-up (SuperTokens, CVE-2026-62232): what was set up after the question may not answer it.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { softwareAuthenticator } from '../../lib/testing/index.js';
import { begin, verify } from '../step-up/app.js';
import { assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';
import { ORIGIN } from '../support/instance.js';

describe('a passkey that is younger than the challenge', () => {
  it('can’t answer it, in the very millisecond neither, and answers the next one', async () => {
    for (const wait of [0, 1_000]) {
      const app = passkeyApp();
      const ada = await withPasskey(app);
      assert.equal((await assertPresence(ada)).status, 200);
      const pending = await begin(ada.browser, 'passkey');
      app.clock.set(app.clock.now() + wait);
      const young = softwareAuthenticator({ origin: ORIGIN });
      const { challengeId, options } = (await ada.browser.post('/auth/passkeys/options')).body;
      const enrolled = await ada.browser.post('/auth/passkeys', {
        body: { challengeId, response: young.create(options) },
      });
      assert.equal(enrolled.status, 201);
      const response = young.get({ ...(pending.options as object), allowCredentials: [] } as never); // the browser's JSON
      assertRefused(await verify(ada.browser, 'passkey', response, pending.challengeId), 403, 'step_up_failed');
      const failed = app.told('step-up.failed').at(-1);
      assert.ok(failed && 'reason' in failed);
      assert.equal(failed.reason, 'enrolled-after-challenge');
      app.clock.advance('1s');
      assert.equal((await assertPresence({ ...ada, authenticator: young })).status, 200);
    }
  });
});
