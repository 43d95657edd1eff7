import type { CeremonyJson, SignedInJson } from '../wire.js';
import type { Call } from './call.js';
import type { PageSession } from './page-session.js';
import type { Transport } from './transport.js';
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

export function createSignIn(call: Call, keep: Transport[1], session: PageSession): SignInWithPasskey {
  async function signIn({ autofill, delivery, signal }: Options = {}): Promise<SignedInJson | null> {
    /* oxlint-disable eslint/no-unmodified-loop-condition -- the signal's controller does */
    while (
      !autofill ||
      (!signal?.aborted && (await globalThis.PublicKeyCredential?.isConditionalMediationAvailable?.()))
    ) {
      /* oxlint-enable eslint/no-unmodified-loop-condition */
      const begin = call<CeremonyJson>('POST', '/sign-in/passkey/options', { delivery });
      // Nobody has asked for an offer: there is nobody to tell that it can't be made now.
      const begun = await (autofill ? begin.catch(() => passed(RETRIED_AFTER)) : begin);
      if (!begun) continue;
      const { challengeId, options } = begun;
      const response = await (autofill
        ? inForm(options, begun.expiresIn * RENEWED_AFTER, signal)
        : inDialog('get', options, signal));
      if (!response) continue;
      const body = await call<SignedInJson>('POST', '/sign-in/passkey', { challengeId, response, delivery });
      await keep(body);
      session.pin(body.session_id);
      return body;
    }
    return null;
  }
  return signIn as SignInWithPasskey; // null only where passkeys are offered
}

type Options = PasskeySignInOptions & { readonly autofill?: boolean };
