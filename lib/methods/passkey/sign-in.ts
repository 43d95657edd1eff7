import { generateAuthenticationOptions } from '@simplewebauthn/server';
import type { MethodOutcome, MethodServices } from '../method.js';
import { checkAssertion, passkeysOf } from './assertion.js';
import type { PasskeySettings } from './options.js';
import { parseAssertion } from './response.js';

export interface PasskeySignInAnswer {
  /** What the client sent: any JSON. */
  readonly response: unknown;
  /** What was to be signed, base64url; used up by now. */
  readonly challenge: string;
  readonly now: number;
}

export type PasskeySignInOutcome =
  | { readonly outcome: 'verified'; readonly userId: string }
  /** The user: of a passkey that signed, but isn't what it was. */
  | (Extract<MethodOutcome, { outcome: 'failed' }> & { readonly userId?: string });

/** The ceremony of a sign-in: nobody has said who they are, the passkey does. */
export interface PasskeySignIn {
  begin(options: { readonly challenge: string }): Promise<object>;
  verify(kit: MethodServices, answer: PasskeySignInAnswer): Promise<PasskeySignInOutcome>;
}

export function createSignInCeremony(settings: PasskeySettings): PasskeySignIn {
  return {
    begin: ({ challenge }) =>
      generateAuthenticationOptions({
        rpID: settings.rpID,
        challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
        userVerification: 'required',
        timeout: settings.timeout,
      }),

    async verify(kit, { response: given, challenge, now }) {
      const response = parseAssertion(given);
      // Without a user handle nothing but the id says whose it is (WebAuthn Level 3, 7.2 step 6).
      if (response?.response.userHandle === undefined) return { outcome: 'failed', reason: 'malformed' };
      const row = await passkeysOf(kit).findById(response.id);
      if (row === null) return { outcome: 'failed', reason: 'unknown-credential' };
      const answer = await checkAssertion(kit, settings, { response, row, challenge, now });
      const { userId } = row;
      if (answer.outcome === 'verified') return { outcome: 'verified', userId };
      const { reason } = answer;
      return reason === 'counter-regressed' || reason === 'backup-eligibility-changed' ? { ...answer, userId } : answer;
    },
  };
}
