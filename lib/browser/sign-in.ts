import type { CeremonyJson, SignedInJson } from '../wire.js';
import type { Call } from './call.js';
import { passed } from './wait.js';
import { inDialog, inForm } from './webauthn.js';

export interface PasskeySignInOptions {
  /** How the session is to travel, of those that the server has in use. @default the server's own */
  readonly delivery?: 'cookie' | 'bearer' | 'token-cookies' | undefined;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
}

export interface SignInWithPasskey {
  /** Opens the browser's dialog. */
  (options?: PasskeySignInOptions & { readonly autofill?: false }): Promise<SignedInJson>;
  /**
   * Offers the user's passkeys in the form field that has `autocomplete="username webauthn"`, for as long as the page is
   * open. Null where a browser can't, or when `signal` gave up.
   */
  (options: PasskeySignInOptions & { readonly autofill: true }): Promise<SignedInJson | null>;
}

/** Of a challenge's life: then the offer gets a new one, so that it is good whenever the user takes it. */
const RENEWED_AFTER = 0.8;
const RETRIED_AFTER = 30;

/** `signedIn`: what to do with the answer. */
export function createSignIn(call: Call, signedIn: (body: SignedInJson) => Promise<void>): SignInWithPasskey {
  async function signIn({ autofill, delivery, signal }: Options = {}): Promise<SignedInJson | null> {
    if (autofill && !(await globalThis.PublicKeyCredential?.isConditionalMediationAvailable?.())) return null;
    // oxlint-disable-next-line eslint/no-unmodified-loop-condition -- its controller does
    while (!autofill || !signal?.aborted) {
      const begin = call<CeremonyJson>('POST', '/sign-in/passkey/options', { delivery });
      // Nobody has asked for an offer: there is nobody to tell that it can't be made now.
      const begun = await (autofill ? begin.catch(() => passed(RETRIED_AFTER)) : begin);
      if (!begun) continue;
      const { challengeId, options, expiresIn } = begun;
      const response = await (autofill
        ? inForm(options, expiresIn * RENEWED_AFTER, signal)
        : inDialog('get', options, signal));
      if (!response) continue;
      const body = await call<SignedInJson>('POST', '/sign-in/passkey', { challengeId, response, delivery });
      await signedIn(body);
      return body;
    }
    return null;
  }
  return signIn as SignInWithPasskey; // null only where passkeys are offered
}

type Options = PasskeySignInOptions & { readonly autofill?: boolean };
