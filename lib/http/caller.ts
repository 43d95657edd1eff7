import type { IncomingMessage } from 'node:http';
import type { Authenticate } from './authenticate.js';
import { Refusal } from './refusal.js';
import type { Authentication, LiveSession, RequestStates } from './request-auth.js';

/** The signed-in caller of one of our own routes or calls. Rejects with a `Refusal` for nobody and for API keys. */
export type CallerOf = (req: IncomingMessage) => Promise<LiveSession>;

export function createCallerOf(authenticate: Authenticate, states: RequestStates): CallerOf {
  return async (req) => {
    const state = states.get(req) ?? (await authenticate(req));
    states.set(req, state);
    return callerIn(state);
  };
}

/** The same, read anew even after another guard: the session may have been revoked since, or its proofs dropped. */
export function createFreshCallerOf(authenticate: Authenticate, states: RequestStates): CallerOf {
  return async (req) => {
    const before = states.get(req);
    const state = withAction(await authenticate(req), before);
    states.set(req, state);
    return callerIn(state);
  };
}

/** What an earlier guard has spent a grant for stays confirmed for this request. */
function withAction(state: Authentication, before: Authentication | undefined): Authentication {
  if (state.outcome !== 'session' || before?.outcome !== 'session' || before.row.id !== state.row.id) return state;
  const { action } = before.auth;
  return action === undefined ? state : { ...state, auth: { ...state.auth, action } };
}

function callerIn(state: Authentication): LiveSession {
  if (state.outcome === 'session') return state;
  throw state.outcome === 'api-key' ? new Refusal('api_key_refused') : state.refusal;
}

/** The same, by the session's current token only: the previous one manages nothing. */
export function createManagerOf(callerOf: CallerOf, invalidToken: string): CallerOf {
  return async (req) => {
    const caller = await callerOf(req);
    if (caller.current) return caller;
    throw new Refusal('session_invalid', { headers: { 'WWW-Authenticate': invalidToken } });
  };
}
