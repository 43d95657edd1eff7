import type { IncomingMessage } from 'node:http';
import { andThen, type MaybePromise } from '../internal/maybe-promise.js';
import { decodeToken } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { methodsOf } from '../step-up/rule.js';
import { proofTimes, withNewToken } from './authenticate.js';
import { sentFrom } from './client.js';
import { Refusal } from './refusal.js';
import type { Authentication, LiveSession } from './request-auth.js';
import { stepUpRequired } from './step-up-refusal.js';

/** Where clients without cookies send what an answer to a step-up gave them as `step_up_token`. */
const HEADER = 'stepgate-step-up';

/**
 * The same with what the session has proved, by the elevation whose token the request brought; a session of ours has its
 * proofs already. Only what asks for proofs reads them, so that an app's other requests cost no more than before.
 */
export type WithProofs = (req: IncomingMessage, state: Authentication) => MaybePromise<Authentication>;

export function createWithProofs({
  foreignSessions,
  elevations,
  cookies,
  wwwAuthenticate,
  emit,
}: Pick<Services, 'foreignSessions' | 'elevations' | 'cookies' | 'wwwAuthenticate' | 'emit'>): WithProofs {
  if (foreignSessions === null) return (_req, state) => state;
  return (req, state) => {
    if (state.outcome !== 'session' || state.proofsId !== null) return state;
    const { row } = state;
    // A page sets headers of its own, and other sites plant cookies: each is looked at only where it belongs.
    const values = row.delivery === 'bearer' ? [req.headers[HEADER]] : cookies.all(req, 'stepUp');
    if (values.length > 1) {
      // One was planted. Whatever is proved next would stand beside it again.
      const { id: sessionId, userId } = row;
      emit({ type: 'session.refused', reason: 'several-credentials', userId, sessionId, ...sentFrom(req) });
      throw new Refusal('session_invalid', { headers: { 'WWW-Authenticate': wwwAuthenticate.invalidToken } });
    }
    const token = decodeToken(values[0]);
    if (token === null) return state;
    return andThen(elevations.find(row, token), (found) => (found === null ? state : withNewToken(found)));
  };
}

/**
 * The signed-in caller of one of our own routes or calls. Rejects with a `Refusal` for nobody, for API keys and for
 * restricted sessions: what can only ask for approvals gets past none of them.
 */
export type RequireCaller = (req: IncomingMessage) => Promise<LiveSession>;

export function createRequireCaller({
  authenticate,
  withProofs,
  states,
}: Pick<Services, 'authenticate' | 'withProofs' | 'states'>): RequireCaller {
  return async (req) => {
    const state = await withProofs(req, states.get(req) ?? (await authenticate(req)));
    states.set(req, state);
    return callerIn(state);
  };
}

/** The same, read anew even after another guard: the session may have been revoked since, or its proofs dropped. */
export function createRequireCallerAnew({
  authenticate,
  withProofs,
  states,
}: Pick<Services, 'authenticate' | 'withProofs' | 'states'>): RequireCaller {
  return async (req) => {
    const before = states.get(req);
    const state = withAction(await withProofs(req, await authenticate(req)), before);
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
  if (state.outcome === 'session') {
    refuseRestricted(state);
    return state;
  }
  throw state.outcome === 'api-key' ? new Refusal('api_key_refused') : state.refusal;
}

/** A session that can ask for approvals, and nothing else. */
export function refuseRestricted({ row }: Pick<LiveSession, 'row'>): void {
  if (row.restricted) throw new Refusal('restricted');
}

/** Who acts as a user proves and approves nothing, and changes neither sessions nor methods. */
export function refuseImpersonator({ row }: Pick<LiveSession, 'row'>): void {
  if (row.impersonator !== null) throw new Refusal('restricted');
}

/** The same, by the session's current token only: the previous one manages nothing. */
export function createRequireCurrentToken({
  requireCaller,
  wwwAuthenticate,
}: Pick<Services, 'requireCaller' | 'wwwAuthenticate'>): RequireCaller {
  return async (req) => currentOnly(await requireCaller(req), wwwAuthenticate.invalidToken);
}

function currentOnly(caller: LiveSession, invalidToken: string): LiveSession {
  refuseImpersonator(caller);
  if (caller.byCurrentToken) return caller;
  throw new Refusal('session_invalid', { headers: { 'WWW-Authenticate': invalidToken } });
}

export interface Enrolment {
  readonly caller: LiveSession;
  /** The user has no method yet; what is added must be inserted on that condition. */
  readonly onlyIfNone: boolean;
}

/** The caller, who has shown enough to change their methods; rejects with a `Refusal` for all others. */
export type RequireEnrolment = (req: IncomingMessage) => Promise<Enrolment>;

export function createRequireEnrolment({
  requireCallerAnew,
  wwwAuthenticate,
  checkEnrolment,
  foreignSessions,
  methods,
  emit,
}: Pick<
  Services,
  'requireCallerAnew' | 'wwwAuthenticate' | 'checkEnrolment' | 'foreignSessions' | 'methods' | 'emit'
>): RequireEnrolment {
  return async (req) => {
    const caller = currentOnly(await requireCallerAnew(req), wwwAuthenticate.invalidToken);
    const { row } = caller;
    const answer = await checkEnrolment(row, proofTimes(row));
    if (answer.outcome === 'allowed') return { caller, onlyIfNone: answer.onlyIfNone };
    const { rule, reason } = answer;
    const names = methodsOf(rule);
    if (names.length === 0 && foreignSessions !== null && Object.keys(row.signInProofs).length === 0) {
      // The app doesn't say when the user signed in: asked to do so again they would do it for ever.
      const detail = 'The first method can be set up only where the app says when its user has signed in.';
      throw new Refusal('step_up_unavailable', { detail });
    }
    emit({ type: 'step-up.asked', userId: row.userId, sessionId: row.id, methods: names });
    const enrolled = await methods.enrolled(names, row.userId);
    const detail = 'Sign in again, and then set up a method within five minutes.';
    throw stepUpRequired(methods, {
      rule,
      reason,
      enrolled,
      missing: enrolled.map((name) => [name]),
      ...(names.length === 0 ? { detail } : {}),
    });
  };
}
