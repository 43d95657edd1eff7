import type { IncomingMessage } from 'node:http';
import { SetupError } from '../internal/setup-error.js';
import { publicSession } from '../session/sessions.js';
import type { ProofTimes, Session, SessionRow } from '../stores/contract/sessions.js';
import type { Refusal } from './refusal.js';

/** "This session passed `method` at `verifiedAt`" (epoch milliseconds). How long that counts is the guard's business. */
export interface Proof {
  readonly method: string;
  readonly verifiedAt: number;
}

/** A request of a signed-in user. */
export interface SessionAuth {
  readonly via: 'cookie' | 'bearer';
  readonly userId: string;
  readonly session: Session;
  readonly proofs: readonly Proof[];
  /** What the user has approved, after a guard with an action rule: use this in the handler, not the body. */
  readonly action?: ApprovedAction;
}

/** One action, approved for this request and spent by it. */
export interface ApprovedAction {
  /** What `bind` gave, deep-frozen; null for a `once` rule. */
  readonly payload: unknown;
  /** What the user proved presence with. */
  readonly method: string;
}

/** A request with an API key: it has no session and can prove nothing. */
export interface ApiKeyAuth {
  readonly via: 'api-key';
  readonly userId: string;
  readonly session: null;
  /** What the app's `apiKeys.verify` said of the key. */
  readonly key: unknown;
  /** A key approves nothing. */
  readonly action?: never;
}

/** What a guard has found out: plain values, safe to serialise. */
export type RequestAuth = SessionAuth | ApiKeyAuth;

/** A session as the request brought it, with what only the kit may see. */
export interface LiveSession {
  readonly auth: SessionAuth;
  readonly row: SessionRow;
  readonly token: Uint8Array;
  /** By its current token; the previous one proves nothing and manages nothing. */
  readonly byCurrentToken: boolean;
}

export type Authentication =
  /** No credential at all; the refusal is for guards that ask for one. */
  | { readonly outcome: 'anonymous'; readonly refusal: Refusal }
  | ({ readonly outcome: 'session' } & LiveSession)
  | { readonly outcome: 'api-key'; readonly auth: ApiKeyAuth }
  /** `stale`: a cookie that names no live session, which an optional guard takes for nobody. */
  | { readonly outcome: 'refused'; readonly refusal: Refusal; readonly stale: boolean };

declare global {
  namespace Express {
    interface Request {
      /** Set by stepgate's guards; null where an optional guard found nobody. */
      auth?: RequestAuth | null;
    }
  }
}

/**
 * What this kit knows of a request. It lives beside the request, not on it, so that nobody else's `req.auth` is ever
 * trusted; `req.auth` is a copy for the app's handlers.
 */
export interface RequestStates {
  get(req: IncomingMessage): Authentication | undefined;
  set(req: IncomingMessage, authentication: Authentication): void;
  /** The caller of a guarded request. Throws a `SetupError` where no guard of this kit ran, a `Refusal` for nobody. */
  current(req: IncomingMessage): RequestAuth;
}

export function createRequestStates(): RequestStates {
  const states = new WeakMap<IncomingMessage, Authentication>();
  return {
    get: (req) => states.get(req),
    set(req, authentication) {
      states.set(req, authentication);
      // A plain node:http request has no `auth`; Express gets its type by the augmentation above.
      (req as { auth?: RequestAuth | null }).auth = 'auth' in authentication ? authentication.auth : null;
    },
    current(req) {
      const state = states.get(req);
      if (state === undefined) {
        throw new SetupError('No guard of this kit ran for this request.', 'Put `requireSession` before the handler.');
      }
      if ('auth' in state) return state.auth;
      throw state.refusal;
    },
  };
}

/** The state of a request whose session has just been given this token. */
export function withNewToken(row: SessionRow, token: Uint8Array): Authentication {
  return { outcome: 'session', auth: sessionAuth(row, true), row, token, byCurrentToken: true };
}

export function sessionAuth(row: SessionRow, byCurrentToken: boolean): SessionAuth {
  return {
    via: row.delivery === 'bearer' ? 'bearer' : 'cookie',
    userId: row.userId,
    session: publicSession(row),
    proofs: byCurrentToken
      ? Object.entries(proofTimes(row)).map(([method, verifiedAt]) => ({ method, verifiedAt }))
      : [],
  };
}

/** One time a method: the later of the sign-in's proof and the step-up's. */
export function proofTimes({ signInProofs, stepUpProofs }: SessionRow): ProofTimes {
  const later = Object.entries(stepUpProofs);
  if (later.length === 0) return signInProofs; // most requests: they cost no copy
  const latest = new Map(Object.entries(signInProofs));
  for (const [method, at] of later) latest.set(method, Math.max(at, latest.get(method) ?? 0));
  return Object.fromEntries(latest);
}
