import type { IncomingMessage } from 'node:http';
import { generateAuthenticationOptions } from '@simplewebauthn/server';
import type { FailedReason, RefusedReason } from '../../events.js';
import { sentFrom } from '../../http/client.js';
import type { MethodRouteServices } from '../../http/method-routes.js';
import { Refusal } from '../../http/refusal.js';
import { endJson, parseFields, type RouteTable, sendJson } from '../../http/router.js';
import { decodeToken, encode, newToken } from '../../internal/tokens.js';
import type { Delivery } from '../../stores/contract/sessions.js';
import type { CeremonyJson } from '../../wire.js';
import type { MethodOutcome, MethodServices } from '../method.js';
import { checkAssertion, isHandleOf, isHere, passkeysOf } from './assertion.js';
import type { PasskeySettings } from './options.js';
import { parseAssertion } from './response.js';

/**
 * For `bearer`: such a challenge is bound to no cookie, and clients without a jar can use it. Nobody is signed in by
 * somebody else's answer then: the tokens go to whoever sent it, and into no browser by themselves.
 */
const NO_BROWSER = new Uint8Array();

export interface PasskeySignInAnswer {
  /** What the client sent: any JSON. */
  readonly response: unknown;
  /** What was to be signed, base64url; used up by now. */
  readonly challenge: string;
  readonly now: number;
}

export type PasskeySignInOutcome = { readonly outcome: 'verified'; readonly userId: string } | FailedSignIn;

/** The user: of a passkey that signed, but isn't what it was. */
type FailedSignIn = Extract<MethodOutcome, { outcome: 'failed' }> & { readonly userId?: string };

/** The ceremony of a sign-in: nobody has said who they are, the passkey does. */
export interface PasskeySignIn {
  begin(options: { readonly challenge: string }): Promise<object>;
  verify(services: MethodServices, answer: PasskeySignInAnswer): Promise<PasskeySignInOutcome>;
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

    async verify(services, { response: given, challenge, now }) {
      const response = parseAssertion(given);
      // Without a user handle nothing but the id says whose it is (WebAuthn Level 3, 7.2 step 6).
      const handle = response?.response.userHandle;
      if (response === null || handle === undefined) return { outcome: 'failed', reason: 'malformed' };
      const row = await passkeysOf(services).findById(response.id);
      if (row === null) return { outcome: 'failed', reason: 'unknown-credential', isNobodys: true };
      if (!isHere(row, settings)) return { outcome: 'failed', reason: 'unknown-credential' };
      if (!isHandleOf(row, handle, services.secrets)) return { outcome: 'failed', reason: 'rejected' };
      const answer = await checkAssertion(services, settings, { response, row, challenge, now });
      const { userId } = row;
      if (answer.outcome === 'verified') return { outcome: 'verified', userId };
      const { reason } = answer;
      return reason === 'counter-regressed' || reason === 'backup-eligibility-changed' ? { ...answer, userId } : answer;
    },
  };
}

/** Where a passkey signs its user in, who need not say a name. */
export function signInRoutes(ceremony: PasskeySignIn, services: MethodRouteServices): RouteTable {
  const { methodServices, signInChallenges, signIn, cookies, clock, emit } = services;

  /** One answer whatever failed, so that nobody learns which passkeys and users there are. */
  function refused(req: IncomingMessage, reason: RefusedReason, about: Partial<FailedSignIn> = {}): Refusal {
    const { userId, isNobodys = false } = about;
    emit({ type: 'session.refused', reason, ...(userId === undefined ? {} : { userId }), ...sentFrom(req) });
    // Whoever shows an id that is in no store learns nothing of the users that there are.
    return new Refusal('sign_in_refused', isNobodys ? { members: { unknownCredential: true } } : {});
  }

  function deliveryOf(value: unknown = services.defaultDelivery): Delivery {
    const found = [...cookies.deliveries].find((delivery) => delivery === value);
    if (found !== undefined) return found;
    throw new Refusal('request_invalid', {
      detail: `\`delivery\` is one of: ${[...cookies.deliveries].join(', ')}.`,
    });
  }

  function browserOf(req: IncomingMessage): Uint8Array | null {
    return decodeToken(cookies.read(req).values.signIn);
  }

  return {
    '/sign-in/passkey/options': {
      async post(req, res) {
        const delivery = deliveryOf(parseFields(req, ['delivery']).delivery);
        // The same for all tabs of a browser: each has a challenge of its own.
        const browser = delivery === 'bearer' ? NO_BROWSER : (browserOf(req) ?? newToken());
        const now = clock.now();
        const { id, value, expiresAt } = signInChallenges.issue(browser);
        if (delivery !== 'bearer') cookies.set(res, 'signIn', encode(browser), expiresAt - now);
        const options = await ceremony.begin({ challenge: value });
        const end = endJson(expiresAt, now);
        sendJson(res, 200, { challengeId: id, options, ...end } satisfies CeremonyJson);
      },
    },
    '/sign-in/passkey': {
      async post(req, res) {
        const { challengeId, response, delivery: wanted } = parseFields(req, ['challengeId', 'response', 'delivery']);
        const delivery = deliveryOf(wanted);
        const startedAt = clock.now();
        // Used up before the answer is looked at, as every challenge is.
        const unbound = delivery === 'bearer' ? await signInChallenges.spend(challengeId, NO_BROWSER) : null;
        const browser = browserOf(req);
        const bound = async () => (browser === null ? null : signInChallenges.spend(challengeId, browser));
        const challenge = unbound ?? (await bound());
        if (challenge === null) throw refused(req, 'no-challenge');
        const answer = await ceremony.verify(methodServices, { response, challenge: challenge.value, now: startedAt });
        if (answer.outcome === 'failed') throw refused(req, reasonOf(answer.reason), answer);
        const { userId } = answer;
        if ((await methodServices.findUser(userId)) === null) throw refused(req, 'user-disabled', { userId });
        const { body } = await signIn(req, res, { userId, method: 'passkey', startedAt, delivery });
        sendJson(res, 200, body);
      },
    },
  };
}

function reasonOf(reason: FailedReason): RefusedReason {
  return reason === 'counter-regressed' || reason === 'backup-eligibility-changed' ? reason : 'passkey-refused';
}
