import type { MethodRouteServices } from '../../http/method-routes.js';
import { Refusal } from '../../http/refusal.js';
import {
  endJson,
  hasQuery,
  parseFields,
  type RouteHandler,
  type RouteRequest,
  type RouteTable,
  sendJson,
  sendNothing,
} from '../../http/router.js';
import type { PasskeyRow } from '../../stores/contract/passkeys.js';
import type { CeremonyJson, PasskeyJson, PasskeysJson } from '../../wire.js';
import { listHere, passkeysOf } from './assertion.js';
import type { PasskeySettings } from './options.js';
import { MAX_PASSKEYS, type PasskeyRegistration } from './registration.js';
import { isCredentialId, parseLabel } from './response.js';

/** A passkey as its owner sees it. */
export type PublicPasskey = PasskeyJson;

/** Where users see, add, name and remove their own passkeys. */
export function passkeyRoutes(
  settings: PasskeySettings,
  registration: PasskeyRegistration,
  services: MethodRouteServices,
): RouteTable {
  const { contextFor, requireCaller, requireEnrolment, issueChallenge, takeChallenge } = services;
  const { failed, enrolled, removed, revokeOthers } = services;
  const passkeys = passkeysOf(services.methodServices);
  const list: RouteHandler = async (req, res) => {
    const { userId } = await requireCaller(req);
    const rows = await listHere(services.methodServices, settings, userId);
    sendJson(res, 200, { passkeys: rows.map(publicPasskey), rpId: settings.rpID } satisfies PasskeysJson);
  };
  if (passkeys.isKeptElsewhere === true) return { '/passkeys': { get: list } };
  return {
    '/passkeys/options': {
      async post(req, res) {
        const { row } = await requireEnrolment(req);
        parseFields(req, []);
        const { id: challengeId, value: challenge, createdAt, expiresAt } = await issueChallenge(row);
        const begun = await registration.begin({ ...contextFor(row.userId), challenge });
        if (begun.outcome === 'full') throw full();
        if (begun.outcome === 'unknown-user') {
          throw new Refusal('sign_in_refused', { detail: 'The user is unknown or disabled.' });
        }
        const end = endJson(expiresAt, createdAt);
        sendJson(res, 200, { challengeId, options: begun.options, ...end } satisfies CeremonyJson);
      },
    },
    '/passkeys': {
      get: list,
      async post(req, res) {
        const { row, onlyIfNone } = await requireEnrolment(req);
        const { challengeId, response, label: given } = parseFields(req, ['challengeId', 'response', 'label']);
        const label = given === undefined ? null : labelOf(given);
        const others = hasQuery(req, 'revokeOthers=true');
        if (typeof challengeId !== 'string' || typeof response !== 'object' || response === null) {
          throw new Refusal('request_invalid', { detail: 'Send `challengeId` and `response`.' });
        }
        // Taken before the answer is looked at, as in a step-up.
        const { value: challenge } = await takeChallenge(row, challengeId);
        const answer = { response, challenge, label, onlyIfNone };
        const finished = await registration.finish(contextFor(row.userId), answer);
        if (finished.outcome === 'failed') {
          const refusal = failed(row, finished.reason);
          throw finished.reason === 'full' ? full() : refusal;
        }
        await enrolled(row, { revokeOthers: others, credentialId: finished.row.id });
        sendJson(res, 201, publicPasskey(finished.row));
      },
    },
    '/passkeys/:id': {
      async patch(req, res) {
        const { row } = await requireEnrolment(req);
        const label = labelOf(parseFields(req, ['label']).label);
        const others = hasQuery(req, 'revokeOthers=true');
        const renamed = await passkeys.rename(row.userId, idOf(req), label);
        if (renamed === null) throw new Refusal('not_found');
        if (others) await revokeOthers(row);
        sendJson(res, 200, publicPasskey(renamed));
      },
      async delete(req, res) {
        const { row } = await requireEnrolment(req);
        parseFields(req, []);
        const others = hasQuery(req, 'revokeOthers=true');
        const credentialId = idOf(req);
        const wasThere = await passkeys.remove(row.userId, credentialId);
        await removed(row, { wasThere, revokeOthers: others, credentialId });
        sendNothing(res);
      },
    },
  };
}

export function publicPasskey(row: PasskeyRow): PublicPasskey {
  const { id, label, createdAt, lastUsedAt, backedUp, transports } = row;
  return { id, label, createdAt, lastUsedAt, backedUp, transports };
}

function labelOf(given: unknown): string {
  const label = parseLabel(given);
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
