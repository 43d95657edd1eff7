import type { IncomingMessage } from 'node:http';
import type { RefusedReason } from '../events.js';
import { andThen, isPromise, type MaybePromise } from '../internal/maybe-promise.js';
import type { Services } from '../services.js';
import type { Claim, FindOutcome } from '../session/sessions.js';
import { decodeToken } from '../session/tokens.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import { sentFrom } from './client.js';
import { type Credential, isAmbient, readCredential } from './credential.js';
import { Refusal, type RefusalCode, refusalFrom } from './refusal.js';
import { type Authentication, sessionAuth } from './request-auth.js';
import { isUnsafe } from './same-origin.js';

/** The app's own API keys: they come in `Authorization: Bearer` and are told by their prefix. */
export interface ApiKeysOption {
  /** What every API key begins with, for example `'bank_'`. */
  readonly prefix: string;
  /** Says whose key it is, or null for none. A throw is a store failure. What `key` holds reaches the handlers. */
  readonly verify: (
    key: string,
    req: IncomingMessage,
  ) => MaybePromise<{ readonly userId: string; readonly key?: unknown } | null>;
}

/**
 * Authenticates a request. It answers at once when the store's reads are synchronous: a promise on this path would
 * cost as much as all the rest. Never throws, never rejects: a store that fails is a refusal as well.
 */
export type Authenticate = (req: IncomingMessage) => MaybePromise<Authentication>;

/** The outcome for a request without a credential. */
export function anonymous(sessionRequired: string): Authentication {
  const headers = { 'WWW-Authenticate': sessionRequired };
  return { outcome: 'anonymous', refusal: new Refusal('session_required', { headers }) };
}

export function createAuthenticate({
  settings: { apiKeys },
  cookies,
  accessTokens,
  sessions,
  call,
  isSameOrigin,
  wwwAuthenticate,
  clock,
  emit,
}: Pick<
  Services,
  'settings' | 'cookies' | 'accessTokens' | 'sessions' | 'call' | 'isSameOrigin' | 'wwwAuthenticate' | 'clock' | 'emit'
>): Authenticate {
  function refused(
    req: IncomingMessage,
    code: RefusalCode,
    reason: RefusedReason,
    { row = null, stale = false }: { row?: SessionRow | null; stale?: boolean } = {},
  ): Authentication {
    const whose = row === null ? {} : { userId: row.userId, sessionId: row.id };
    emit({ type: 'session.refused', reason, ...whose, ...sentFrom(req) });
    const headers = code === 'session_invalid' ? { 'WWW-Authenticate': wwwAuthenticate.invalidToken } : {};
    return { outcome: 'refused', refusal: new Refusal(code, { headers }), stale };
  }

  function check(req: IncomingMessage, credential: Credential): MaybePromise<Authentication> {
    if (credential.kind === 'none') return anonymous(wwwAuthenticate.sessionRequired);
    if (isAmbient(credential) && isUnsafe(req) && !isSameOrigin(req)) {
      return refused(req, 'cross_origin', 'cross-origin');
    }
    switch (credential.kind) {
      case 'conflicting':
        return refused(req, 'session_invalid', 'several-credentials');
      case 'api-key':
        return checkApiKey(req, credential.value);
      case 'session-token': {
        const token = decodeToken(credential.value);
        if (token === null) return refused(req, 'session_invalid', 'malformed', { stale: true });
        return findSession(req, token, { delivery: 'cookie' });
      }
      case 'access-token': {
        const claims = accessTokens.verify(credential.value, clock.now());
        if (claims.outcome !== 'valid') {
          return refused(req, 'session_invalid', `token-${claims.outcome}`, { stale: isAmbient(credential) });
        }
        const { delivery } = credential;
        return findSession(req, claims.token, { delivery, userId: claims.userId, sessionId: claims.sessionId });
      }
    }
  }

  function findSession(req: IncomingMessage, token: Uint8Array, claim: Claim): MaybePromise<Authentication> {
    return andThen(sessions.find(token, claim), (found: FindOutcome): Authentication => {
      if (found.outcome === 'refused') {
        const stale = claim.delivery !== 'bearer';
        return refused(req, 'session_invalid', found.reason, { row: found.row, stale });
      }
      const { row, byCurrentToken } = found;
      const wanted = req.headers['stepgate-session'];
      // The page shows, and asks for, what is another session's: in another tab somebody has signed in.
      if (wanted !== undefined && wanted !== row.id) return refused(req, 'session_changed', 'session-changed', { row });
      return { outcome: 'session', auth: sessionAuth(row, byCurrentToken), row, token, byCurrentToken };
    });
  }

  function checkApiKey(req: IncomingMessage, value: string): MaybePromise<Authentication> {
    if (apiKeys === null) return refused(req, 'session_invalid', 'token-invalid');
    const answer = call('apiKeys.verify', () => apiKeys.verify(value, req), isOwnerOrNull);
    return andThen(answer, (owner): Authentication => {
      if (owner === null) return refused(req, 'session_invalid', 'api-key');
      const auth = { via: 'api-key', userId: owner.userId, session: null, key: owner.key ?? null } as const;
      return { outcome: 'api-key', auth };
    });
  }

  return (req) => {
    try {
      const answer = check(req, readCredential(req, cookies, apiKeys?.prefix ?? null));
      return isPromise(answer) ? answer.catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  };
}

function failed(error: unknown): Authentication {
  return {
    outcome: 'refused',
    refusal: refusalFrom(error) ?? new Refusal('store_unavailable', { cause: error }),
    stale: false,
  };
}

function isOwnerOrNull(owner: { readonly userId: string } | null): boolean {
  return owner === null || (typeof owner === 'object' && typeof owner.userId === 'string');
}
