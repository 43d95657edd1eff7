import { createEmit, type Emit } from './events.js';
import { createRequireAsker, type RequireAsker } from './http/asker.js';
import { type Authenticate, createAuthenticate, createRequestStates, type RequestStates } from './http/authenticate.js';
import {
  createRequireCaller,
  createRequireCallerAnew,
  createRequireCurrentToken,
  createRequireEnrolment,
  createWithProofs,
  type RequireCaller,
  type RequireEnrolment,
  type WithProofs,
} from './http/caller.js';
import { type Cookies, createCookies, createDeliver, type Deliver } from './http/credentials.js';
import { createForeignSignOut } from './http/foreign-sign-out.js';
import { createWwwAuthenticate, type WwwAuthenticate } from './http/refusal.js';
import { createStepUpCheck, type StepUpCheckOf } from './http/require-fresh-step-up.js';
import { createRefuseRestrictedSignIn, type RefuseRestrictedSignIn } from './http/restricted-sign-in.js';
import { createStepUpCalls, type UncheckedStepUpCalls } from './http/routes/step-up.js';
import { createOriginCheck, type OriginCheck } from './http/same-origin.js';
import { createSignIn, type SignIn } from './http/sign-in.js';
import { createSignOut, type SignOut } from './http/sign-out.js';
import type { Clock } from './internal/clock.js';
import type { Secrets } from './internal/keys.js';
import type { MethodServices } from './methods/method.js';
import type { Settings } from './options/index.js';
import { type AccessTokens, createAccessTokens } from './session/access-token.js';
import { createCheckedStore, createStoreCall, type StoreCall } from './session/checked-store.js';
import { type Cleanup, createCleanup } from './session/cleanup.js';
import { createElevations, type Elevations } from './session/elevations.js';
import { createForeignSessions, type ForeignSessions } from './session/foreign-session.js';
import type { SessionKeeper } from './session/keeper.js';
import { createPendingSignIns, type PendingSignIns } from './session/pending-sign-ins.js';
import { realmOf } from './session/realm.js';
import { createRefresh, type Refresh } from './session/refresh.js';
import { createRefreshTokens, type RefreshTokens } from './session/refresh-token.js';
import { createReturnTokens, type ReturnTokens } from './session/return-tokens.js';
import { createSessions, type Sessions } from './session/sessions.js';
import { createTouchQueue, type TouchQueue } from './session/touch-queue.js';
import { type Approvals, createApprovals } from './step-up/approvals.js';
import { type Attempts, createAttempts } from './step-up/attempts.js';
import { type Challenges, createChallenges } from './step-up/challenges.js';
import { type CheckEnrolment, createCheckEnrolment } from './step-up/enrolment.js';
import { createMethods, type Methods } from './step-up/methods.js';
import { createSignInChallenges, type SignInChallenges } from './step-up/sign-in-challenge.js';
import { createVerify, type Verify } from './step-up/verify.js';
import type { Store } from './stores/contract/store.js';

/**
 * Everything that an instance is made of, once each and under one name. A function that needs some of it takes
 * `Pick<Services, …>`, so that a part which is missing or swapped doesn't compile.
 */
export interface Services {
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Runs a call of the app's that may fail as a store may. */
  readonly call: StoreCall;
  /** Which instance the store belongs to. */
  readonly realm: string;
  /** The app's store, with every answer checked. */
  readonly store: Store;

  readonly touchQueue: TouchQueue;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly returnTokens: ReturnTokens;
  readonly sessions: Sessions;
  /** Null: the sessions are stepgate's own. */
  readonly foreignSessions: ForeignSessions | null;
  readonly elevations: Elevations;
  readonly keeper: SessionKeeper;
  readonly refresh: Refresh;
  readonly cleanup: Cleanup;

  readonly methodServices: MethodServices;
  readonly methods: Methods;
  readonly challenges: Challenges;
  readonly signInChallenges: SignInChallenges;
  readonly pendingSignIns: PendingSignIns;
  readonly attempts: Attempts;
  readonly verify: Verify;
  readonly approvals: Approvals;
  readonly checkEnrolment: CheckEnrolment;

  readonly states: RequestStates;
  readonly cookies: Cookies;
  readonly isSameOrigin: OriginCheck;
  readonly wwwAuthenticate: WwwAuthenticate;
  readonly authenticate: Authenticate;
  readonly withProofs: WithProofs;
  readonly requireCaller: RequireCaller;
  /** The caller as the store has it now: revoked since, or without the proofs of before. */
  readonly requireCallerAnew: RequireCaller;
  readonly requireCurrentToken: RequireCaller;
  readonly requireAsker: RequireAsker;
  readonly requireEnrolment: RequireEnrolment;
  readonly stepUpCheckOf: StepUpCheckOf;
  readonly stepUpCalls: UncheckedStepUpCalls;
  readonly deliver: Deliver;
  readonly refuseRestrictedSignIn: RefuseRestrictedSignIn;
  readonly signIn: SignIn<string>;
  readonly signOut: SignOut;
}

/** Makes them, in the order in which they need each other. Throws a `SetupError` where a method lacks what it needs. */
export function createServices(settings: Settings): Services {
  const { clock, secrets, storeTimeout } = settings;
  const emit = createEmit(settings.onEvent, clock, settings.collect.ip);
  const call = createStoreCall(storeTimeout, emit);
  const realm = realmOf(settings);
  const store = createCheckedStore(settings.store, realm, call);

  const accessTokens = createAccessTokens(settings);
  const refreshTokens = createRefreshTokens(secrets);
  const returnTokens = createReturnTokens({ secrets });
  // Touches report their failures themselves, with what is waiting.
  const untold = createStoreCall(storeTimeout, () => {});
  const storeWithoutEvents = createCheckedStore(settings.store, realm, untold);
  const touchQueue = createTouchQueue({
    store: storeWithoutEvents.sessions,
    clock,
    emit,
    touchInterval: settings.touchInterval,
  });
  const sessions = createSessions({ settings, store, secrets, clock, emit, touchQueue, refreshTokens, returnTokens });
  const foreignSessions = createForeignSessions({ settings, secrets, call, clock });
  const elevations = createElevations({ store, clock, emit, settings });
  const keeper = foreignSessions === null ? sessions : elevations;
  const refresh = createRefresh({ settings, store, clock, emit, sessions, refreshTokens });
  const cleanup = createCleanup({ settings, store, clock, emit });

  const methodServices = createMethodServices({ settings, store, secrets, emit, call });
  const methods = createMethods({ settings, methodServices, clock });
  const attempts = createAttempts({ store, clock });
  const challenges = createChallenges({ store, attempts, clock });
  const signInChallenges = createSignInChallenges({ store, secrets, clock });
  const pendingSignIns = createPendingSignIns({ store, secrets, clock });
  const verify = createVerify({ store, keeper, methods, challenges, attempts, clock, emit });
  const approvals = createApprovals({ settings, store, sessions, clock, emit });
  const checkEnrolment = createCheckEnrolment({ methods, clock });

  const states = createRequestStates({ settings });
  const cookies = createCookies(settings);
  const isSameOrigin = createOriginCheck(settings);
  const wwwAuthenticate = createWwwAuthenticate(settings.origin);
  const authenticate = createAuthenticate({
    settings,
    cookies,
    accessTokens,
    sessions,
    foreignSessions,
    call,
    isSameOrigin,
    wwwAuthenticate,
    clock,
    emit,
  });
  const withProofs = createWithProofs({ foreignSessions, elevations, cookies, wwwAuthenticate, emit });
  const requireCaller = createRequireCaller({ authenticate, withProofs, states });
  const requireCallerAnew = createRequireCallerAnew({ authenticate, withProofs, states });
  const requireCurrentToken = createRequireCurrentToken({ requireCaller, wwwAuthenticate });
  const requireAsker = createRequireAsker({ settings, authenticate, states, wwwAuthenticate });
  const requireEnrolment = createRequireEnrolment({
    requireCallerAnew,
    wwwAuthenticate,
    checkEnrolment,
    foreignSessions,
    methods,
    emit,
  });
  const stepUpCheckOf = createStepUpCheck({
    requireCallerAnew,
    requireAsker,
    settings,
    realm,
    store,
    sessions,
    approvals,
    methodServices,
    call,
    challenges,
    methods,
    states,
    isSameOrigin,
    clock,
    emit,
  });
  const deliver = createDeliver({ settings, cookies, accessTokens, clock });
  const stepUpCalls = createStepUpCalls({
    settings,
    realm,
    store,
    requireCaller,
    states,
    methods,
    challenges,
    verify,
    deliver,
    isSameOrigin,
    wwwAuthenticate,
    clock,
    emit,
  });
  const refuseRestrictedSignIn = createRefuseRestrictedSignIn({
    settings,
    cookies,
    accessTokens,
    refreshTokens,
    sessions,
    clock,
  });
  const signIn = createSignIn({
    settings,
    cookies,
    accessTokens,
    refreshTokens,
    sessions,
    states,
    deliver,
    isSameOrigin,
    refuseRestrictedSignIn,
    clock,
    emit,
  });
  const foreignSignOut = createForeignSignOut({
    foreignSessions,
    keeper,
    challenges,
    cookies,
    states,
    wwwAuthenticate,
  });
  const signOut =
    foreignSignOut ?? createSignOut({ cookies, accessTokens, refreshTokens, sessions, states, wwwAuthenticate, clock });

  return {
    settings,
    secrets,
    clock,
    emit,
    call,
    realm,
    store,
    touchQueue,
    accessTokens,
    refreshTokens,
    returnTokens,
    sessions,
    foreignSessions,
    elevations,
    keeper,
    refresh,
    cleanup,
    methodServices,
    methods,
    challenges,
    signInChallenges,
    pendingSignIns,
    attempts,
    verify,
    approvals,
    checkEnrolment,
    states,
    cookies,
    isSameOrigin,
    wwwAuthenticate,
    authenticate,
    withProofs,
    requireCaller,
    requireCallerAnew,
    requireCurrentToken,
    requireAsker,
    requireEnrolment,
    stepUpCheckOf,
    stepUpCalls,
    deliver,
    refuseRestrictedSignIn,
    signIn,
    signOut,
  };
}

/** What methods are lent. */
function createMethodServices({
  settings,
  store,
  secrets,
  emit,
  call,
}: Pick<Services, 'settings' | 'store' | 'secrets' | 'emit' | 'call'>): MethodServices {
  const { issuer, users, methods } = settings;
  return {
    store,
    secrets,
    issuer,
    rpID: methods.find(({ relyingParty }) => relyingParty !== undefined)?.relyingParty?.rpID ?? null,
    emit,
    // A method that asks for names isn't set up without `users`.
    findUser: async (userId) =>
      call(
        'users.find',
        () => users?.find(userId) ?? null,
        (user) => typeof user === 'object',
      ),
  };
}
