// Verification result ignored (GitLab #585333), UV downgrade (GHSA-h4fw-6r7f-w494): the attacker sends an assertion that is wrong in one point.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { AuthenticationVariant } from '../../lib/testing/authenticator/variants.js';
import { assertPresence, passkeyApp, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';

/** By the steps of WebAuthn Level 3 7.2; test/methods/passkey/assertion.test.ts has them all. */
const FORGERIES: Readonly<Record<string, AuthenticationVariant>> = {
  'of a user who was there, but not verified (17)': { userVerified: false },
  'of nobody (16)': { userPresent: false },
  'with another signature (21)': { tamperSignature: true },
  'for another site (15)': { rpId: 'evil.example' },
  'from another origin (13)': { clientData: { origin: 'https://evil.example' } },
  'from a subdomain of ours (13)': { clientData: { origin: 'https://evil.app.example' } },
  'from a frame of another site (13, 14)': { clientData: { crossOrigin: true, topOrigin: 'https://evil.example' } },
  'of a registration (11)': { clientData: { type: 'webauthn.create' } },
  'with another challenge (12)': { clientData: { challenge: Buffer.alloc(32).toString('base64url') } },
  'with no challenge at all (12)': { clientData: { challenge: '' } },
  'with the handle of another user (6)': { userHandle: Buffer.from('bea').toString('base64url') },
  'of a key that can be backed up all at once (19)': { backupEligible: true },
  'that is backed up and can’t be (18)': { backupEligible: false, backedUp: true },
};

describe('an assertion', () => {
  for (const [how, variant] of Object.entries(FORGERIES)) {
    it(`${how} proves nothing, and the same key may go on`, async () => {
      const app = passkeyApp();
      const ada = await withPasskey(app);
      const before = ada.browser.cookieHeader();
      assertRefused(await assertPresence(ada, variant), 403, 'step_up_failed');
      assert.equal(ada.browser.cookieHeader(), before);
      assert.equal((await ada.browser.post('/passkey')).status, 401);
      assert.equal((await assertPresence(ada)).status, 200);
      assert.equal((await ada.browser.post('/passkey')).status, 200);
    });
  }
});
