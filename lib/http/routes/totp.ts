import type { Emit } from '../../events.js';
import type { Clock } from '../../internal/clock.js';
import type { Method } from '../../methods/method.js';
import type { TotpConfirmation, TotpMethod } from '../../methods/totp/index.js';
import type { Sessions } from '../../session/sessions.js';
import type { Attempts } from '../../step-up/attempts.js';
import type { ForgetMethod } from '../../step-up/forget-method.js';
import type { Methods } from '../../step-up/methods.js';
import type { SessionRow } from '../../stores/contract/sessions.js';
import { noStore } from '../deliver.js';
import type { EnrolmentOf } from '../enrolment.js';
import { readFields } from '../json-body.js';
import { hasQuery } from '../query.js';
import { Refusal, sendJson, sendNothing } from '../refusal.js';
import type { RouteTable } from '../router.js';
import { methodLocked } from '../step-up-refusal.js';

export interface TotpRoutesDeps {
  readonly methods: Methods;
  readonly enrolmentOf: EnrolmentOf;
  readonly forgetMethod: ForgetMethod;
  readonly attempts: Attempts;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** Where users set up and remove TOTP; no routes where it isn't configured. */
export function totpRoutes(deps: TotpRoutesDeps): RouteTable {
  const { methods, enrolmentOf, forgetMethod, attempts, sessions, clock, emit } = deps;
  const configured = methods.get('totp');
  if (!isTotp(configured)) return {};
  const method = configured;

  /** Counted as a step-up is (see `createVerify`). */
  async function confirm(row: SessionRow, confirmation: TotpConfirmation): Promise<void> {
    const about = { userId: row.userId, sessionId: row.id, method: method.name };
    const counted = await attempts.count(row, method);
    if (counted.outcome !== 'counted') {
      emit({ type: 'step-up.locked', ...about });
      if (counted.outcome === 'disabled') throw new Refusal('method_disabled');
      throw methodLocked(counted.until - clock.now());
    }
    const answer = await method.enrolment.confirm(methods.contextFor(row.userId), confirmation);
    if (answer.outcome === 'failed') {
      if (counted.disables) emit({ type: 'method.disabled', userId: row.userId, method: method.name });
      if (counted.endsSession) await sessions.revoke(row.id, row.userId, 'attempts');
      emit({ type: 'step-up.failed', ...about, reason: answer.reason });
      throw new Refusal('step_up_failed');
    }
    await attempts.succeeded(row, method, [method.name]);
  }

  return {
    '/totp': {
      async post(req, res) {
        readFields(req, []);
        const { caller } = await enrolmentOf(req);
        const begun = await method.enrolment.begin(methods.contextFor(caller.row.userId));
        if (begun.outcome === 'unknown-user') {
          throw new Refusal('sign_in_refused', { detail: 'The user is unknown or disabled.' });
        }
        if (begun.outcome === 'enrolled-already') {
          throw new Refusal('request_invalid', { detail: 'TOTP is set up already: remove it first.' });
        }
        noStore(res);
        sendJson(res, 201, { secret: begun.secret, uri: begun.uri });
      },
      async delete(req, res) {
        readFields(req, []);
        const revokeOthers = hasQuery(req, 'revokeOthers=true');
        const { row } = (await enrolmentOf(req)).caller;
        const removed = await method.remove(methods.contextFor(row.userId), null);
        await forgetMethod(row.userId, method.name);
        if (!removed) throw new Refusal('not_found');
        // What was guessed at the old secret must not bar the next one (SP 800-63B-4 3.2.2: disabled until bound anew).
        await attempts.unlock(row.userId, method.name);
        emit({ type: 'method.removed', userId: row.userId, method: method.name });
        if (revokeOthers) await sessions.revokeAllForUser(row.userId, row.id, 'user');
        sendNothing(res);
      },
    },
    '/totp/confirm': {
      async post(req, res) {
        const revokeOthers = hasQuery(req, 'revokeOthers=true');
        const { code } = readFields(req, ['code']);
        if (typeof code !== 'string') throw new Refusal('request_invalid', { detail: '`code` is missing.' });
        const { caller, first } = await enrolmentOf(req);
        const { row } = caller;
        await confirm(row, { code, first });
        emit({ type: 'method.enrolled', userId: row.userId, method: method.name });
        if (revokeOthers) await sessions.revokeAllForUser(row.userId, row.id, 'user');
        sendNothing(res);
      },
    },
  };
}

/** By what it has: importing the method itself would load otpauth in every app. */
function isTotp(method: Method | undefined): method is TotpMethod {
  return method !== undefined && 'enrolment' in method;
}
