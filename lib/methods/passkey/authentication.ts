import { generateAuthenticationOptions } from '@simplewebauthn/server';
import type { BeginContext, MethodOutcome, VerifyContext } from '../method.js';
import { isTooYoung } from '../too-young.js';
import { checkAssertion, passkeysOf } from './assertion.js';
import type { PasskeySettings } from './options.js';
import { parseAssertion } from './response.js';

/** The ceremony of a step-up: a signature by one of the passkeys of the session's user. */
export interface PasskeyAuthentication {
  begin(context: BeginContext): Promise<object>;
  verify(context: VerifyContext): Promise<MethodOutcome>;
}

export function createAuthentication(settings: PasskeySettings): PasskeyAuthentication {
  return {
    async begin({ kit, userId, challenge }) {
      const rows = await passkeysOf(kit).listForUser(userId);
      // An empty list would let the browser offer anybody's passkey.
      if (rows.length === 0) throw new Error('The user has no passkey.');
      return generateAuthenticationOptions({
        rpID: settings.rpID,
        challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
        allowCredentials: rows.map(({ id, transports }) => ({ id, transports: [...transports] })),
        userVerification: 'required',
        timeout: settings.timeout,
      });
    },

    async verify({ kit, userId, response: given, challenge, now }) {
      const response = parseAssertion(given);
      if (response === null || challenge === null) return { outcome: 'failed', reason: 'malformed' };
      // Before any signature is checked, so that another user's passkey is as unknown as one that nobody has.
      const row = await passkeysOf(kit).find(userId, response.id);
      if (row === null) return { outcome: 'failed', reason: 'unknown-credential' };
      if (isTooYoung(row.createdAt, { challenge, now }))
        return { outcome: 'failed', reason: 'enrolled-after-challenge' };
      return checkAssertion(kit, settings, { response, row, challenge: challenge.value, now });
    },
  };
}
