import type { IncomingMessage } from 'node:http';
import type { RefusedReason } from '../events.js';
import { isStorable } from '../internal/arguments.js';
import { andThen, isPromise, type MaybePromise } from '../internal/maybe-promise.js';
import { SetupError } from '../internal/setup-error.js';
import { decodeToken } from '../internal/tokens.js';
import type { Services } from '../services.js';
import type { PresentedSession } from '../session/keeper.js';
import { type Claim, type FindOutcome, publicSession } from '../session/sessions.js';
import type { Impersonator, ProofTimes, SessionRow } from '../stores/contract/sessions.js';
import { sentFrom } from './client.js';
import { type Credential, isAmbient, parseCredential } from './credentials.js';
import { Refusal, type RefusalCode, refusalFrom } from './refusal.js';
import type { Authentication, LiveSession, RequestAuth, SessionAuth } from './request-auth.js';
import { isUnsafe } from './same-origin.js';

/** The app's own API keys: they come in `Authorization: Bearer` and are known by their prefix. */
export type ApiKeysOption =
  | (ApiKeyPrefix & {
      readonly ask?: false;
      /** Says whose key it is, or null for none. A throw is a store failure. What `key` holds reaches the handlers. */
      readonly verify: VerifyApiKey<{ readonly id?: string }>;
    })
  | (ApiKeyPrefix & {
      /** Whether keys may ask for approvals, where a rule has an `approver`. @default false */
      readonly ask: true;
      /** The same, and the key's `id`, 1 to 255 characters: an approval is for one key alone. */
      readonly verify: VerifyApiKey<{ readonly id: string }>;
    });

interface ApiKeyPrefix {
  /** What every API key begins with, for example `'bank_'`. */
  readonly prefix: string;
}

type VerifyApiKey<Id> = (
  key: string,
  req: IncomingMessage,
) => MaybePromise<({ readonly userId: string; readonly key?: unknown } & Id) | null>;

/**
 * Authenticates a request. It answers at once when the store's reads are synchronous: a promise on this path would
 * cost as much as all the rest. Never throws, never rejects: a store that fails is a refusal as well. A `passive` request
 * is no activity of the user's.
 */
export type Authenticate = (req: IncomingMessage, passive?: boolean) => MaybePromise<Authentication>;

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
  foreignSessions,
  call,
  isSameOrigin,
  wwwAuthenticate,
  clock,
  emit,
}: Pick<
  Services,
  | 'settings'
  | 'cookies'
  | 'accessTokens'
  | 'sessions'
  | 'foreignSessions'
  | 'call'
  | 'isSameOrigin'
  | 'wwwAuthenticate'
  | 'clock'
  | 'emit'
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

  function check(req: IncomingMessage, credential: Credential, passive: boolean): MaybePromise<Authentication> {
    if (credential.kind === 'none') {
      return foreignSessions === null ? nobody() : andThen(foreignSessions.of(req), (row) => checkForeign(req, row));
    }
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
        return findSession(req, token, { delivery: 'cookie', passive });
      }
      case 'access-token': {
        const claims = accessTokens.verify(credential.value, clock.now());
        if (claims.outcome !== 'valid') {
          return refused(req, 'session_invalid', `token-${claims.outcome}`, { stale: isAmbient(credential) });
        }
        const { delivery } = credential;
        return findSession(req, claims.token, {
          delivery,
          userId: claims.userId,
          sessionId: claims.sessionId,
          passive,
        });
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
      return unlessChanged(req, { row, token, byCurrentToken, proofsId: row.id });
    });
  }

  function nobody(): Authentication {
    return anonymous(wwwAuthenticate.sessionRequired);
  }

  /** A session of the app's, as it says by itself: without what was proved for it, which a guard reads that asks for it. */
  function checkForeign(req: IncomingMessage, row: SessionRow | null): Authentication {
    if (row === null) return nobody();
    if (row.delivery !== 'bearer' && isUnsafe(req) && !isSameOrigin(req)) {
      return refused(req, 'cross_origin', 'cross-origin');
    }
    return unlessChanged(req, { row, token: null, byCurrentToken: true, proofsId: null });
  }

  /** The page may show, and ask for, what is another session's: in another tab somebody has signed in. */
  function unlessChanged(req: IncomingMessage, session: Omit<LiveSession, 'auth'>): Authentication {
    const { row } = session;
    const wanted = req.headers['stepgate-session'];
    if (wanted !== undefined && wanted !== row.id) return refused(req, 'session_changed', 'session-changed', { row });
    return live(session);
  }

  function checkApiKey(req: IncomingMessage, value: string): MaybePromise<Authentication> {
    if (apiKeys === null) return refused(req, 'session_invalid', 'token-invalid');
    const answer = call(
      'apiKeys.verify',
      () => apiKeys.verify(value, req),
      apiKeys.ask === true ? isNamedOwnerOrNull : isOwnerOrNull,
    );
    return andThen(answer, (owner): Authentication => {
      if (owner === null) return refused(req, 'session_invalid', 'api-key');
      const { userId, id: keyId, key = null } = owner;
      const auth = { via: 'api-key', userId, session: null, key, ...(keyId === undefined ? {} : { keyId }) } as const;
      return { outcome: 'api-key', auth };
    });
  }

  return (req, passive = false) => {
    try {
      const answer = check(req, parseCredential(req, cookies, apiKeys?.prefix ?? null), passive);
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

/** An owner whose key can be told from others: what it is approved is for no other. */
function isNamedOwnerOrNull(owner: { readonly userId: string; readonly id?: string } | null): boolean {
  const id = owner?.id;
  return isOwnerOrNull(owner) && (owner === null || (isStorable(id) && id !== '' && id.length <= MAX_KEY_ID));
}

const MAX_KEY_ID = 255;

/** The state of a request whose session has just been given this token. */
export function withNewToken(session: PresentedSession): Authentication {
  return live({ ...session, byCurrentToken: true });
}

function live({ row, token, byCurrentToken, proofsId }: Omit<LiveSession, 'auth'>): Authentication {
  return { outcome: 'session', auth: sessionAuth(row, byCurrentToken), row, token, byCurrentToken, proofsId };
}

function sessionAuth(row: SessionRow, byCurrentToken: boolean): SessionAuth {
  const auth: SessionAuth = {
    via: row.delivery === 'bearer' ? 'bearer' : 'cookie',
    userId: row.userId,
    session: publicSession(row),
    proofs: byCurrentToken
      ? Object.entries(proofTimes(row)).map(([method, verifiedAt]) => ({ method, verifiedAt }))
      : [],
  };
  return row.impersonator === null ? auth : { ...auth, impersonator: impersonatorOf(row.impersonator) };
}

function impersonatorOf({ userId, reason }: Impersonator): NonNullable<SessionAuth['impersonator']> {
  return { userId, reason };
}

/** One time a method: the later of the sign-in's proof and the step-up's. */
export function proofTimes({ signInProofs, stepUpProofs }: SessionRow): ProofTimes {
  const later = Object.entries(stepUpProofs);
  if (later.length === 0) return signInProofs; // most requests: they cost no copy
  const latest = new Map(Object.entries(signInProofs));
  for (const [method, at] of later) latest.set(method, Math.max(at, latest.get(method) ?? 0));
  return Object.fromEntries(latest);
}

/**
 * What this instance knows of a request. It lives beside the request, not on it, so that nobody else's `req.auth` is
 * ever trusted; the property of the request is a copy for the app's handlers.
 */
export interface RequestStates {
  get(req: IncomingMessage): Authentication | undefined;
  set(req: IncomingMessage, authentication: Authentication): void;
  /** The caller of a guarded request. Throws a `SetupError` where no guard of this instance ran, a `Refusal` for nobody. */
  current(req: IncomingMessage): RequestAuth;
}

export function createRequestStates({ settings: { requestProperty } }: Pick<Services, 'settings'>): RequestStates {
  const states = new WeakMap<IncomingMessage, Authentication>();
  return {
    get: (req) => states.get(req),
    set(req, authentication) {
      states.set(req, authentication);
      if (requestProperty === null) return;
      Object.assign(req, { [requestProperty]: 'auth' in authentication ? authentication.auth : null });
    },
    current(req) {
      const state = states.get(req);
      if (state === undefined) {
        throw new SetupError(
          'No guard of this instance ran for this request.',
          'Put `requireSession` before the handler.',
        );
      }
      if ('auth' in state) return state.auth;
      throw state.refusal;
    },
  };
}
