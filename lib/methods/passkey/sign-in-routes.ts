import type { IncomingMessage } from 'node:http';
import type { FailedReason, RefusedReason } from '../../events.js';
import { sentFrom } from '../../http/client.js';
import { parseFields } from '../../http/json-body.js';
import type { MethodRouteServices } from '../../http/method-routes.js';
import { Refusal, sendJson } from '../../http/refusal.js';
import type { RouteTable } from '../../http/router.js';
import { decodeToken, encode, newToken } from '../../internal/tokens.js';
import type { Delivery } from '../../stores/contract/sessions.js';
import type { PasskeySignIn } from './sign-in.js';

/** Where a passkey signs its user in, who need not say a name. */
export function signInRoutes(ceremony: PasskeySignIn, services: MethodRouteServices): RouteTable {
  const { methodServices, signInChallenges, signIn, cookies, clock, emit } = services;

  /** One answer whatever failed, so that nobody learns which passkeys and users there are. */
  function refused(req: IncomingMessage, reason: RefusedReason, userId?: string): Refusal {
    emit({ type: 'session.refused', reason, ...(userId === undefined ? {} : { userId }), ...sentFrom(req) });
    return new Refusal('sign_in_refused');
  }

  function isInUse(value: unknown): value is Delivery {
    return [...cookies.deliveries].some((delivery) => delivery === value);
  }

  function browserOf(req: IncomingMessage): Uint8Array | null {
    return decodeToken(cookies.read(req).values.signIn);
  }

  return {
    '/sign-in/passkey/options': {
      async post(req, res) {
        parseFields(req, []);
        // The same for all tabs of a browser: each has a challenge of its own.
        const browser = browserOf(req) ?? newToken();
        const { id, value, expiresAt } = signInChallenges.issue(browser);
        cookies.set(res, 'signIn', encode(browser), expiresAt - clock.now());
        const options = await ceremony.begin({ challenge: value });
        sendJson(res, 200, { challengeId: id, options, expiresAt });
      },
    },
    '/sign-in/passkey': {
      async post(req, res) {
        const { challengeId, response, delivery } = parseFields(req, ['challengeId', 'response', 'delivery']);
        if (delivery !== undefined && !isInUse(delivery)) {
          throw new Refusal('request_invalid', {
            detail: `\`delivery\` is one of: ${[...cookies.deliveries].join(', ')}.`,
          });
        }
        const startedAt = clock.now();
        const browser = browserOf(req);
        // Used up before the answer is looked at, as every challenge is.
        const challenge = browser === null ? null : await signInChallenges.spend(challengeId, browser);
        if (challenge === null) throw refused(req, 'no-challenge');
        const answer = await ceremony.verify(methodServices, { response, challenge: challenge.value, now: startedAt });
        if (answer.outcome === 'failed') throw refused(req, reasonOf(answer.reason), answer.userId);
        const { userId } = answer;
        if ((await methodServices.findUser(userId)) === null) throw refused(req, 'user-disabled', userId);
        const { body } = await signIn(req, res, {
          userId,
          method: 'passkey',
          startedAt,
          ...(delivery === undefined ? {} : { delivery }),
        });
        sendJson(res, 200, body);
      },
    },
  };
}

function reasonOf(reason: FailedReason): RefusedReason {
  return reason === 'counter-regressed' || reason === 'backup-eligibility-changed' ? reason : 'passkey-refused';
}
