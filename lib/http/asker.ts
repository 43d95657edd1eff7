import type { IncomingMessage } from 'node:http';
import type { Services } from '../services.js';
import type { Asker } from '../stores/contract/approvals.js';
import { refuseImpersonator } from './caller.js';
import { clientAddress, userAgentOf } from './client.js';
import { Refusal } from './refusal.js';
import type { Authentication } from './request-auth.js';

/** Who asks for an approval: a session, restricted or not, by its current token, or an API key that may ask. */
export interface LiveAsker {
  readonly asker: Asker;
  readonly state: Extract<Authentication, { readonly outcome: 'session' | 'api-key' }>;
}

/** Rejects with a `Refusal` for nobody, for keys that may not ask, and for who acts as a user. */
export type RequireAsker = (req: IncomingMessage) => Promise<LiveAsker>;

export function createRequireAsker({
  settings: { apiKeys, collect },
  authenticate,
  states,
  wwwAuthenticate,
}: Pick<Services, 'settings' | 'authenticate' | 'states' | 'wwwAuthenticate'>): RequireAsker {
  return async (req) => {
    const state = await authenticate(req);
    states.set(req, state);
    const from = {
      ip: collect.ip ? clientAddress(req) : null,
      userAgent: collect.userAgent ? userAgentOf(req) : null,
    };
    if (state.outcome === 'api-key') {
      const { userId, keyId } = state.auth;
      if (apiKeys?.ask !== true || keyId === undefined) throw new Refusal('api_key_refused');
      return { asker: { kind: 'api-key', id: keyId, userId, label: null, since: null, ...from }, state };
    }
    if (state.outcome !== 'session') throw state.refusal;
    refuseImpersonator(state);
    const { row, byCurrentToken } = state;
    if (!byCurrentToken) {
      throw new Refusal('session_invalid', { headers: { 'WWW-Authenticate': wwwAuthenticate.invalidToken } });
    }
    const { id, userId, label, createdAt: since } = row;
    return { asker: { kind: 'session', id, userId, label, since, ...from }, state };
  };
}
