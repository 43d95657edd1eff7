import type { Emit, FailedReason } from '../../events.js';
import type { PasskeyMethod } from '../../methods/passkey/index.js';
import { isCredentialId, MAX_PASSKEYS, publicPasskey, readLabel } from '../../methods/passkey/public.js';
import type { Sessions } from '../../session/sessions.js';
import type { Challenges } from '../../step-up/challenges.js';
import type { ForgetMethod } from '../../step-up/forget-method.js';
import type { Methods } from '../../step-up/methods.js';
import type { PasskeyStore } from '../../stores/contract/passkeys.js';
import type { SessionRow } from '../../stores/contract/sessions.js';
import type { CallerOf } from '../caller.js';
import type { EnrolmentOf } from '../enrolment.js';
import { readFields } from '../json-body.js';
import { hasQuery } from '../query.js';
import { Refusal, sendJson, sendNothing } from '../refusal.js';
import type { RouteRequest, RouteTable } from '../router.js';

export interface PasskeyRoutesDeps {
  readonly passkey: PasskeyMethod;
  readonly passkeys: PasskeyStore;
  readonly methods: Methods;
  readonly challenges: Challenges;
  readonly sessions: Sessions;
  readonly callerOf: CallerOf;
  readonly enrolmentOf: EnrolmentOf;
  readonly forgetMethod: ForgetMethod;
  readonly emit: Emit;
}

const METHOD = 'passkey';

/** Where users see, add, name and remove their own passkeys. */
export function passkeyRoutes(deps: PasskeyRoutesDeps): RouteTable {
  const { passkey, passkeys, methods, challenges, sessions, callerOf, enrolmentOf, forgetMethod, emit } = deps;

  function failed({ userId, id: sessionId }: SessionRow, reason: FailedReason): Refusal {
    emit({ type: 'step-up.failed', userId, sessionId, method: METHOD, reason });
    return new Refusal('step_up_failed', { detail: 'The passkey was not accepted.' });
  }

  async function revokeOthers({ userId, id }: SessionRow, wanted: boolean): Promise<void> {
    if (wanted) await sessions.revokeAllForUser(userId, id, 'user');
  }

  return {
    '/passkeys/options': {
      async post(req, res) {
        const { row } = (await enrolmentOf(req)).caller;
        readFields(req, []);
        const challenge = await challenges.issue(row, { purpose: 'enrolment', methods: [METHOD] });
        const context = { ...methods.contextFor(row.userId), challenge: challenge.value };
        const begun = await passkey.registration.begin(context);
        if (begun.outcome === 'full') throw full();
        if (begun.outcome === 'unknown-user') {
          throw new Refusal('sign_in_refused', { detail: 'The user is unknown or disabled.' });
        }
        sendJson(res, 200, { challengeId: challenge.id, options: begun.options, expiresAt: challenge.expiresAt });
      },
    },
    '/passkeys': {
      async get(req, res) {
        const { row } = await callerOf(req);
        const rows = await passkeys.listForUser(row.userId);
        sendJson(res, 200, { passkeys: rows.map(publicPasskey) });
      },
      async post(req, res) {
        const { caller, first } = await enrolmentOf(req);
        const { row } = caller;
        const { challengeId, response, label: given } = readFields(req, ['challengeId', 'response', 'label']);
        const label = given === undefined ? null : labelOf(given);
        const others = hasQuery(req, 'revokeOthers=true');
        if (typeof challengeId !== 'string' || typeof response !== 'object' || response === null) {
          throw new Refusal('request_invalid', { detail: 'Send `challengeId` and `response`.' });
        }
        // Taken before the answer is looked at, as in a step-up.
        const challenge = await challenges.take(row, challengeId, { purposes: ['enrolment'], method: METHOD });
        if (challenge === null) throw failed(row, 'no-challenge');
        const answer = { response, challenge: challenge.value, label, first };
        const finished = await passkey.registration.finish(methods.contextFor(row.userId), answer);
        if (finished.outcome === 'failed') {
          const refusal = failed(row, finished.reason);
          throw finished.reason === 'full' ? full() : refusal;
        }
        emit({ type: 'method.enrolled', userId: row.userId, method: METHOD });
        await revokeOthers(row, others);
        sendJson(res, 201, publicPasskey(finished.row));
      },
    },
    '/passkeys/:id': {
      async patch(req, res) {
        const { row } = (await enrolmentOf(req)).caller;
        const label = labelOf(readFields(req, ['label']).label);
        const others = hasQuery(req, 'revokeOthers=true');
        const renamed = await passkeys.rename(row.userId, idOf(req), label);
        if (renamed === null) throw new Refusal('not_found');
        await revokeOthers(row, others);
        sendJson(res, 200, publicPasskey(renamed));
      },
      async delete(req, res) {
        const { row } = (await enrolmentOf(req)).caller;
        readFields(req, []);
        const others = hasQuery(req, 'revokeOthers=true');
        const removed = await passkeys.remove(row.userId, idOf(req));
        await forgetMethod(row.userId, METHOD);
        if (!removed) throw new Refusal('not_found');
        emit({ type: 'method.removed', userId: row.userId, method: METHOD });
        await revokeOthers(row, others);
        sendNothing(res);
      },
    },
  };
}

function labelOf(given: unknown): string {
  const label = readLabel(given);
  if (label !== null) return label;
  throw new Refusal('request_invalid', { detail: 'A `label` has 1 to 64 characters, and no control characters.' });
}

function full(): Refusal {
  return new Refusal('request_invalid', { detail: `There are ${MAX_PASSKEYS} passkeys already: remove one first.` });
}

function idOf({ params: { id } }: RouteRequest): string {
  if (isCredentialId(id)) return id;
  throw new Refusal('not_found');
}
