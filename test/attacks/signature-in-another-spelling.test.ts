// DER has one spelling for a signature (WebAuthn 6.5.5): whoever can respell one must not get a second one out of it.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { softwareAuthenticator } from '../../lib/testing/index.js';
import { verify } from '../step-up/app.js';
import { assertion, passkeyApp, withPasskey } from '../step-up/passkeys.js';
import { assertRefused } from '../support/answers.js';
import { ORIGIN } from '../support/instance.js';

interface Signed {
  readonly response: { readonly signature: string };
}

describe('a true signature that is spelt in another way', () => {
  const respelt: Readonly<Record<string, (der: Buffer) => Buffer>> = {
    'with a zero behind it': (der) => Buffer.concat([der, Buffer.of(0)]),
    'with its length in two bytes': (der) => Buffer.concat([Buffer.of(0x30, 0x81), der.subarray(1)]),
    'with no length, but an end': (der) => Buffer.concat([Buffer.of(0x30, 0x80), der.subarray(2), Buffer.of(0, 0)]),
  };

  for (const [how, respell] of Object.entries(respelt)) {
    it(`makes no proof: ${how}`, async () => {
      const app = passkeyApp();
      const ada = await withPasskey(app, 'ada', softwareAuthenticator({ origin: ORIGIN, algorithm: 'ES256' }));
      const { challengeId, response } = await assertion(ada);
      const signed = response as Signed; // what the authenticator gives
      const signature = respell(Buffer.from(signed.response.signature, 'base64url')).toString('base64url');
      const sent = { ...signed, response: { ...signed.response, signature } };
      assertRefused(await verify(ada.browser, 'passkey', sent, challengeId), 403, 'step_up_failed');
      const next = await assertion(ada);
      assert.equal((await verify(ada.browser, 'passkey', next.response, next.challengeId)).status, 200);
    });
  }
});
