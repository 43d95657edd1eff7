import type { Emit } from '../../events.js';
import type { Method } from '../../methods/method.js';
import type { RecoveryCodeMethod } from '../../methods/recovery-code.js';
import type { Sessions } from '../../session/sessions.js';
import type { Methods } from '../../step-up/methods.js';
import { noStore } from '../deliver.js';
import type { EnrolmentOf } from '../enrolment.js';
import { readFields } from '../json-body.js';
import { hasQuery } from '../query.js';
import { Refusal, sendJson } from '../refusal.js';
import type { RouteTable } from '../router.js';

export interface RecoveryCodeRoutesDeps {
  readonly methods: Methods;
  readonly enrolmentOf: EnrolmentOf;
  readonly sessions: Sessions;
  readonly emit: Emit;
}

/** Where users get their recovery codes; no routes where they aren't configured. */
export function recoveryCodeRoutes({ methods, enrolmentOf, sessions, emit }: RecoveryCodeRoutesDeps): RouteTable {
  const configured = methods.get('recovery-code');
  if (!isRecoveryCode(configured)) return {};
  const method = configured;
  const others = methods.names.filter((name) => name !== method.name);
  return {
    '/recovery-codes': {
      async post(req, res) {
        const revokeOthers = hasQuery(req, 'revokeOthers=true');
        readFields(req, []);
        const { caller, first } = await enrolmentOf(req);
        // There is nothing to recover yet. Whoever has copied a session could lay codes by, and with them change the
        // method that the user sets up later.
        if (first) {
          throw new Refusal('step_up_unavailable', {
            detail: 'Set up another method first.',
            members: { methods: others.map((name) => ({ method: name, enrolled: false })) },
          });
        }
        const { row } = caller;
        const codes = await method.generate(methods.contextFor(row.userId));
        emit({ type: 'method.enrolled', userId: row.userId, method: method.name });
        if (revokeOthers) await sessions.revokeAllForUser(row.userId, row.id, 'user');
        noStore(res);
        sendJson(res, 201, { codes });
      },
    },
  };
}

/** An app may have a method of this name of its own. */
function isRecoveryCode(method: Method | undefined): method is RecoveryCodeMethod {
  return method !== undefined && 'generate' in method;
}
