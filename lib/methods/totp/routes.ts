import { noStore } from '../../http/credentials.js';
import type { MethodRouteServices } from '../../http/method-routes.js';
import { Refusal } from '../../http/refusal.js';
import { hasQuery, parseFields, type RouteTable, sendJson, sendNothing } from '../../http/router.js';
import type { TotpJson } from '../../wire.js';
import type { TotpMethod } from './index.js';

/** Where users set up, replace and remove TOTP. */
export function totpRoutes(method: TotpMethod, services: MethodRouteServices): RouteTable {
  const { contextFor, requireEnrolment, attempt, enrolled, removed, replaced, emit } = services;
  return {
    '/totp': {
      async post(req, res) {
        parseFields(req, []);
        const { row } = await requireEnrolment(req);
        const begun = await method.enrolment.begin(contextFor(row.userId));
        if (begun.outcome === 'unknown-user') {
          throw new Refusal('sign_in_refused', { detail: 'The user is unknown or disabled.' });
        }
        noStore(res);
        sendJson(res, 201, { secret: begun.secret, uri: begun.uri } satisfies TotpJson);
      },
      async delete(req, res) {
        parseFields(req, []);
        const revokeOthers = hasQuery(req, 'revokeOthers=true');
        const { row } = await requireEnrolment(req);
        const wasThere = await method.remove(contextFor(row.userId), null);
        await removed(row, { wasThere, revokeOthers });
        sendNothing(res);
      },
    },
    '/totp/confirm': {
      async post(req, res) {
        const revokeOthers = hasQuery(req, 'revokeOthers=true');
        const { code } = parseFields(req, ['code']);
        if (typeof code !== 'string') throw new Refusal('request_invalid', { detail: '`code` is missing.' });
        const { row, onlyIfNone } = await requireEnrolment(req);
        let hadAnother = false;
        await attempt(row, async () => {
          const answer = await method.enrolment.confirm(contextFor(row.userId), { code, onlyIfNone });
          if (answer.outcome === 'failed') return answer;
          hadAnother = answer.replaced;
          return { outcome: 'verified' };
        });
        if (hadAnother) {
          await replaced(row);
          emit({ type: 'method.removed', userId: row.userId, sessionId: row.id, method: method.name });
        }
        await enrolled(row, { revokeOthers });
        sendNothing(res);
      },
    },
  };
}
