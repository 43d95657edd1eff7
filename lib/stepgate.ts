import type { IncomingMessage, ServerResponse } from 'node:http';
import { createEmit } from './events.js';
import { createAuthenticate } from './http/authenticate.js';
import { createCallerOf, createManagerOf } from './http/caller.js';
import { createCookies } from './http/cookies.js';
import { type CredentialsChanged, createCredentialsChanged } from './http/credentials-changed.js';
import { createDeliver } from './http/deliver.js';
import { type OnRefusal, Refusal, refusing, refusingEach, sendRefusal } from './http/refusal.js';
import { createRequestStates, type RequestAuth } from './http/request-auth.js';
import type { RequireFreshStepUp } from './http/require-fresh-step-up.js';
import { createRequireSameOrigin } from './http/require-same-origin.js';
import { createRequireSession, type Middleware, type RequireSession } from './http/require-session.js';
import { createRouter } from './http/router.js';
import { sessionRoutes } from './http/routes/sessions.js';
import { tokenRoutes } from './http/routes/tokens.js';
import { createOriginCheck } from './http/same-origin.js';
import { createSignIn, type SignIn, type SignInMethod } from './http/sign-in.js';
import { createSignOut } from './http/sign-out.js';
import type { StepUpCalls } from './http/step-up.js';
import { invalidTokenChallenge, noCredentialChallenge } from './http/www-authenticate.js';
import { readUserId } from './internal/arguments.js';
import type { Clock } from './internal/clock.js';
import { refuseUnknownKeys } from './internal/nearest.js';
import type { Method } from './methods/method.js';
import { readBoolean } from './option-checks.js';
import { readOptions, type StepgateOptions } from './options.js';
import { createAccessTokens } from './session/access-token.js';
import { createCheckedStore, createStoreCall } from './session/checked-store.js';
import { createCleanup } from './session/cleanup.js';
import { createClaims, realmOf } from './session/realm.js';
import { createRefresh } from './session/refresh.js';
import { createRefreshTokens } from './session/refresh-token.js';
import { createSessionAdmin, type SessionAdmin } from './session/session-admin.js';
import { createSessions } from './session/sessions.js';
import { createTouchQueue } from './session/touch-queue.js';
import type { MethodAdmin } from './step-up/method-admin.js';
import type { Rule } from './step-up/rule.js';
import { wireStepUp } from './wire-step-up.js';

/** What a request turned out to be. */
export type AuthenticateOutcome =
  | { readonly outcome: 'authenticated'; readonly auth: RequestAuth }
  | { readonly outcome: 'anonymous' }
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

/** One app's kit. Its members need no `this`: take them apart as you like. */
export interface Stepgate<Name extends string = never> extends StepUpCalls<Name> {
  readonly requireSession: RequireSession;
  readonly requireSameOrigin: Middleware;
  /** Makes a guard that asks for a fresh proof, or for an approval of exactly this request. */
  readonly requireFreshStepUp: RequireFreshStepUp<Name>;
  /** Guards an app's own routes that add, change or remove a method, as the kit's own are guarded. */
  readonly requireEnrolmentProof: Middleware;
  readonly signIn: SignIn<Name | 'password' | 'external'>;
  readonly credentialsChanged: CredentialsChanged;
  readonly sessions: SessionAdmin;
  readonly methods: MethodAdmin<Name>;
  /** The routes, for `app.use('/auth', auth.router())`. */
  readonly router: (options?: RouterOptions<Name>) => Middleware;
  /**
   * What a guard would find out, without a response: for the upgrade to a WebSocket, for GraphQL. A store that fails is
   * a refusal, too; it never rejects. API keys are refused unless asked for.
   */
  readonly authenticate: (
    req: IncomingMessage,
    options?: { readonly apiKeys?: boolean },
  ) => Promise<AuthenticateOutcome>;
  /**
   * What the guard before this handler found out. Throws a `SetupError` where no guard of this kit ran, and a `Refusal`
   * where it let nobody through (`req.auth` is null then).
   */
  readonly current: (req: IncomingMessage) => RequestAuth;
  /** Ends the session of the request, by whichever of its credentials came, and clears our cookies. */
  readonly signOut: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
  /** Ends and forgets everything of a user. */
  readonly forgetUser: (userId: string) => Promise<void>;
  /** The clock that all of the kit goes by. */
  readonly clock: Clock;
  /** Writes what was noted of sessions seen. */
  readonly flush: () => Promise<void>;
  /** Flushes, stops the background work and closes the store. */
  readonly close: () => Promise<void>;
}

export interface RouterOptions<Name extends string = never> {
  /** What has to be proved before a session is ended by way of the list (ASVS 7.5.2). @default nothing */
  readonly manageSessions?: Rule<Name>;
  /**
   * Whether `GET /session` and `GET /sessions` show the `data` of a session to its user. Handlers have it in any case,
   * in `req.auth.session.data`. @default false
   */
  readonly listData?: boolean;
}

/** What a user can sign in with beside the configured methods. */
const OTHER_SIGN_INS: readonly (readonly [string, SignInMethod])[] = [
  ['password', { amr: ['pwd'], acr: null }],
  ['external', { amr: [], acr: null }],
];

/** Makes the kit of one app. Throws a `SetupError` for wrong options. */
export function stepgate<const M extends readonly Method[] = readonly []>(
  options: StepgateOptions<M>,
): Stepgate<M[number]['name']> {
  const settings = readOptions(options);
  const { clock, secrets, origin } = settings;
  const emit = createEmit(settings.onEvent, clock);
  const call = createStoreCall(settings.storeTimeout, emit);
  const realm = realmOf(settings);
  const claims = createClaims(realm);
  const store = createCheckedStore(settings.store, claims, call);
  const onRefusal: OnRefusal = settings.onRefusal ?? answer;

  const refreshTokens = createRefreshTokens(secrets);
  const accessTokens = createAccessTokens({ ...settings, lifetime: settings.accessTokenLifetime });
  // Touches tell their failures themselves, with what is waiting.
  const storeWithoutEvents = createCheckedStore(
    settings.store,
    claims,
    createStoreCall(settings.storeTimeout, () => {}),
  );
  const touchQueue = createTouchQueue({ ...settings, store: storeWithoutEvents.sessions, emit });
  const base = { ...settings, store: store.sessions, emit, touchQueue, refreshTokens };
  const sessions = createSessions({ ...base, cap: settings.maxSessionsPerUser });
  const refresh = createRefresh({ ...base, sessions });
  const cleanup = createCleanup({ store, clock, emit, interval: settings.cleanupInterval });

  const challenges = {
    sessionRequired: noCredentialChallenge(origin),
    invalidToken: invalidTokenChallenge(origin),
  };
  const { invalidToken, sessionRequired } = challenges;
  const states = createRequestStates();
  const cookies = createCookies(settings);
  const isSameOrigin = createOriginCheck(settings);
  const tokens = { cookies, accessTokens, refreshTokens };
  const context = { sessions, states, clock, emit };
  const checks = { apiKeys: settings.apiKeys, call, isSameOrigin, challenges };
  const authenticate = createAuthenticate({ ...tokens, ...context, ...checks });
  const callerOf = createCallerOf(authenticate, states);
  const managerOf = createManagerOf(callerOf, invalidToken);
  const deliver = createDeliver({ ...tokens, clock });
  const signOut = createSignOut({ ...tokens, ...context, sessionRequired });
  const dropStepUp = async (sessionId: string): Promise<void> => {
    await store.grants?.dropForSession(sessionId);
    await store.challenges?.dropForSession(sessionId);
  };
  // A method of the app may be called `password`, too: the configured ones win, and their order is their strength.
  const signInMethods = new Map<string, SignInMethod>(settings.methods.map((method) => [method.name, method]));
  for (const [name, method] of OTHER_SIGN_INS) if (!signInMethods.has(name)) signInMethods.set(name, method);
  const { delivery } = settings;
  const signIn = createSignIn({ ...tokens, ...context, methods: signInMethods, delivery, deliver, isSameOrigin });
  const callers = { callerOf, managerOf };
  const stepUp = wireStepUp({
    ...checks,
    settings,
    realm,
    store,
    authenticate,
    deliver,
    dropStepUp,
    signIn,
    cookies,
    onRefusal,
    invalidToken,
    ...callers,
    ...context,
  });
  const { routes: stepUpTables, checkOf, ...stepUpCalls } = stepUp;

  return {
    ...(stepUpCalls as StepUpCallsOf<M[number]['name']>), // they check every name, whatever its type
    requireSession: createRequireSession({ authenticate, states, onRefusal }),
    requireSameOrigin: createRequireSameOrigin(isSameOrigin, emit, onRefusal),
    signIn: refusing(signIn),
    credentialsChanged: refusing(
      createCredentialsChanged({ managerOf, sessions, states, deliver, dropStepUp, invalidToken }),
    ),
    sessions: refusingEach(createSessionAdmin(sessions, cleanup)),
    router(given = {}) {
      refuseUnknownKeys(given, ['manageSessions', 'listData'], 'options');
      const { manageSessions, listData = false } = given;
      const manage = manageSessions === undefined ? null : checkOf(manageSessions);
      const tables = [
        sessionRoutes({ ...callers, sessions, cookies, manage, listData: readBoolean('listData', listData) }),
        tokenRoutes({ ...tokens, clock, emit, refresh, deliver, signOut, invalidToken }),
        ...stepUpTables,
      ];
      return createRouter(tables, createRequireSameOrigin(isSameOrigin, emit, answer));
    },
    async authenticate(req, { apiKeys = false } = {}) {
      const state = await authenticate(req);
      if (state.outcome === 'session') return { outcome: 'authenticated', auth: state.auth };
      if (state.outcome !== 'api-key')
        return state.outcome === 'anonymous' ? { outcome: 'anonymous' } : refused(state.refusal);
      return apiKeys ? { outcome: 'authenticated', auth: state.auth } : refused(new Refusal('api_key_refused'));
    },
    clock,
    current: (req) => states.current(req),
    signOut: refusing((req, res) => signOut(req, res)),
    forgetUser: refusing(async (userId) => {
      await sessions.revokeAllForUser(readUserId(userId), null, 'admin');
      for (const part of [store.challenges, store.attempts, store.passkeys, store.recoveryCodes]) {
        await part?.dropForUser(userId);
      }
      await store.grants?.dropForUser(userId, null);
      await store.totp?.remove(userId);
    }),
    flush: () => touchQueue.flush(),
    async close() {
      cleanup.close();
      await touchQueue.close();
      await settings.store.close?.();
    },
  };
}

type StepUpCallsOf<Name extends string> = Pick<
  Stepgate<Name>,
  'requireFreshStepUp' | 'requireEnrolmentProof' | 'methods' | 'beginStepUp' | 'verifyStepUp' | 'verifyOnly'
>;

function refused(refusal: Refusal): AuthenticateOutcome {
  return { outcome: 'refused', refusal };
}

const answer: OnRefusal = (refusal, _req, res) => sendRefusal(res, refusal);
