import type { IncomingMessage } from 'node:http';
import type { RefusedReason } from '../../events.js';
import { decodeToken, hash } from '../../internal/tokens.js';
import type { Method } from '../../methods/method.js';
import type { Services } from '../../services.js';
import type { PendingSignIn } from '../../session/pending-sign-ins.js';
import { sentFrom } from '../client.js';
import { Refusal } from '../refusal.js';
import { endJson, parseFields, type RouteTable, sendJson } from '../router.js';
import { notVerified, stepUpFailed } from '../step-up-refusal.js';

/** Where a sign-in that waits for a second factor is completed. */
export function signInRoutes({
  settings,
  cookies,
  methods,
  methodServices,
  pendingSignIns,
  signInChallenges,
  verify,
  signIn,
  clock,
  emit,
}: Pick<
  Services,
  | 'settings'
  | 'cookies'
  | 'methods'
  | 'methodServices'
  | 'pendingSignIns'
  | 'signInChallenges'
  | 'verify'
  | 'signIn'
  | 'clock'
  | 'emit'
>): RouteTable {
  function refused(req: IncomingMessage, reason: RefusedReason, userId?: string): Refusal {
    emit({ type: 'session.refused', reason, ...(userId === undefined ? {} : { userId }), ...sentFrom(req) });
    return new Refusal('sign_in_refused');
  }

  /** What is pending in this browser, and the method that is to complete it. */
  async function pendingOf(
    req: IncomingMessage,
    fields: Readonly<Partial<Record<'pending' | 'method', unknown>>>,
  ): Promise<{ readonly value: string; readonly pending: PendingSignIn; readonly method: Method }> {
    const value = fields.pending;
    const pending = pendingSignIns.open(value, decodeToken(cookies.read(req).values.signIn));
    if (pending === null || typeof value !== 'string') throw refused(req, 'no-challenge');
    const method = pending.completedBy.includes(String(fields.method)) ? methods.get(String(fields.method)) : undefined;
    if (method === undefined) {
      throw new Refusal('request_invalid', { detail: `\`method\` is one of: ${pending.completedBy.join(', ')}.` });
    }
    const [enrolled] = await methods.enrolled([method.name], pending.userId);
    if (enrolled !== undefined) return { value, pending, method };
    throw new Refusal('step_up_unavailable', { members: { methods: [{ method: method.name, enrolled: false }] } });
  }

  return {
    '/sign-in/options': {
      async post(req, res) {
        const { value, pending, method } = await pendingOf(req, parseFields(req, ['pending', 'method']));
        const challenge = signInChallenges.issue(boundTo(value));
        const begun = await methods.begin(method, pending, challenge.value);
        if (begun.outcome === 'failed') throw stepUpFailed({ reason: 'challenge' });
        const expiresAt = Math.min(challenge.expiresAt, pending.expiresAt);
        const end = endJson(expiresAt, clock.now());
        sendJson(res, 200, { challengeId: challenge.id, method: method.name, options: begun.options, ...end });
      },
    },
    '/sign-in/complete': {
      async post(req, res) {
        const fields = parseFields(req, ['pending', 'method', 'challengeId', 'response']);
        const { value, pending, method } = await pendingOf(req, fields);
        const { response } = fields;
        if (typeof response !== 'object' || response === null) {
          throw new Refusal('request_invalid', { detail: '`response` must be an object.' });
        }
        // Used up before the answer is looked at, as every challenge is.
        const isAsked = method.begin !== undefined;
        const challenge = isAsked ? await signInChallenges.spend(fields.challengeId, boundTo(value)) : null;
        if (isAsked && challenge === null) throw refused(req, 'no-challenge', pending.userId);
        const { userId, createdAt } = pending;
        const asked = { value: challenge?.value ?? '', createdAt }; // a method that is younger can't answer it
        const outcome = await verify.attempt({ ...pending, passedMethods: [] }, method, () =>
          methods.verify(method, { userId, response, challenge: asked }),
        );
        if (outcome.outcome !== 'verified') throw notVerified(outcome, clock);
        const verifiedAt = clock.now();
        if (settings.users !== null && (await methodServices.findUser(userId)) === null) {
          throw refused(req, 'user-disabled', userId);
        }
        // Of two answers at once one makes a session.
        if (!(await pendingSignIns.spend(value, pending))) throw refused(req, 'no-challenge', userId);
        const { label, data, delivery, persistent } = pending;
        const { body } = await signIn(req, res, {
          userId,
          method: [...pending.methods, method.name],
          startedAt: { ...pending.times, [method.name]: verifiedAt },
          delivery,
          persistent,
          ...(label === null ? {} : { label }),
          ...(data === null ? {} : { data }),
          ...shortened('idleLifetime', pending, settings),
          ...shortened('absoluteLifetime', pending, settings),
        });
        if (delivery !== 'bearer') cookies.clearOne(res, 'signIn');
        sendJson(res, 200, body);
      },
    },
  };
}

/** So that a challenge answers no other pending sign-in. */
function boundTo(value: string): Uint8Array {
  return hash(Buffer.from(value));
}

/** In seconds, as `signIn` takes it, and under stepgate's own, which may have become shorter since. */
function shortened(
  name: 'idleLifetime' | 'absoluteLifetime',
  pending: PendingSignIn,
  settings: Services['settings'],
): Readonly<Record<string, number>> {
  const own = pending[name];
  return own === null ? {} : { [name]: Math.min(own, settings[name]) / 1_000 };
}
