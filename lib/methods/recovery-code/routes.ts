import { noStore } from '../../http/credentials.js';
import type { MethodRouteServices } from '../../http/method-routes.js';
import { Refusal } from '../../http/refusal.js';
import { hasQuery, parseFields, type RouteTable, sendJson } from '../../http/router.js';
import type { RecoveryCodesJson } from '../../wire.js';
import type { RecoveryCodeMethod } from './index.js';

/** Where users get their recovery codes. */
export function recoveryCodeRoutes(method: RecoveryCodeMethod, services: MethodRouteServices): RouteTable {
  const { others, contextFor, requireEnrolment, enrolled, replaced } = services;
  return {
    '/recovery-codes': {
      async post(req, res) {
        const revokeOthers = hasQuery(req, 'revokeOthers=true');
        parseFields(req, []);
        const { row, onlyIfNone } = await requireEnrolment(req);
        // There is nothing to recover yet. Whoever has copied a session could lay codes by, and with them change the
        // method that the user sets up later.
        if (onlyIfNone) {
          throw new Refusal('step_up_unavailable', {
            detail: 'Set up another method first.',
            members: { methods: others.map((name) => ({ method: name, enrolled: false })) },
          });
        }
        const codes = await method.generate(contextFor(row.userId));
        await replaced(row);
        await enrolled(row, { revokeOthers });
        noStore(res);
        sendJson(res, 201, { codes } satisfies RecoveryCodesJson);
      },
    },
  };
}
