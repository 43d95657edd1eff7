import type { IncomingMessage } from 'node:http';
import type { Emit, FailedReason, RefusedReason } from '../../events.js';
import type { Clock } from '../../internal/clock.js';
import type { MethodKit } from '../../methods/method.js';
import type { PasskeySignIn } from '../../methods/passkey/sign-in.js';
import { decodeToken, encode, newToken } from '../../session/tokens.js';
import type { SignInChallenges } from '../../step-up/sign-in-challenge.js';
import type { Delivery } from '../../stores/contract/sessions.js';
import { clientAddress } from '../client.js';
import type { Cookies } from '../cookies.js';
import { readFields } from '../json-body.js';
import { Refusal, sendJson } from '../refusal.js';
import type { RouteTable } from '../router.js';
import type { SignIn } from '../sign-in.js';

export interface SignInRoutesDeps {
  readonly ceremony: PasskeySignIn;
  readonly kit: MethodKit;
  readonly signInChallenges: SignInChallenges;
  readonly signIn: SignIn<'passkey'>;
  readonly cookies: Cookies;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** Where a passkey signs its user in, who need not say a name. */
export function signInRoutes(deps: SignInRoutesDeps): RouteTable {
  const { ceremony, kit, signInChallenges, signIn, cookies, clock, emit } = deps;

  /** One answer whatever failed, so that nobody learns which passkeys and users there are. */
  function refused(req: IncomingMessage, reason: RefusedReason, userId?: string): Refusal {
    const ip = clientAddress(req);
    emit({
      type: 'session.refused',
      reason,
      ...(userId === undefined ? {} : { userId }),
      ...(ip === null ? {} : { ip }),
    });
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
        readFields(req, []);
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
        const { challengeId, response, delivery } = readFields(req, ['challengeId', 'response', 'delivery']);
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
        const answer = await ceremony.verify(kit, { response, challenge: challenge.value, now: startedAt });
        if (answer.outcome === 'failed') throw refused(req, reasonOf(answer.reason), answer.userId);
        const { userId } = answer;
        if ((await kit.findUser(userId)) === null) throw refused(req, 'user-disabled', userId);
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
