import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BeginSignIn, createBeginSignIn } from './http/begin-sign-in.js';
import { type CredentialsChanged, createCredentialsChanged } from './http/credentials-changed.js';
import type { Guard } from './http/guard.js';
import { createHandles, type Handles } from './http/handle.js';
import { createImpersonation, type Impersonation } from './http/impersonation.js';
import { methodRoutes, type RoutedMethod } from './http/method-routes.js';
import { type OnRefusal, Refusal, refusing, refusingEach } from './http/refusal.js';
import type { RequestAuth, SessionAuth } from './http/request-auth.js';
import {
  type CheckFreshStepUp,
  createCheckFreshStepUp,
  createRequireFreshStepUp,
  type RequireFreshStepUp,
  toGuard,
} from './http/require-fresh-step-up.js';
import { createRequireSession, type Middleware, type RequireSession } from './http/require-session.js';
import { createRouter, type RouteTable, sendRefusal } from './http/router.js';
import { approvalRoutes } from './http/routes/approvals.js';
import { type SessionRouteOptions, sessionRoutes } from './http/routes/sessions.js';
import { signInRoutes } from './http/routes/sign-in.js';
import { type StepUpCalls, stepUpRoutes } from './http/routes/step-up.js';
import { tokenRoutes } from './http/routes/tokens.js';
import { createRequireSameOrigin } from './http/same-origin.js';
import type { SignIn } from './http/sign-in.js';
import { createWellKnown } from './http/well-known.js';
import { parseUserId } from './internal/arguments.js';
import type { Clock } from './internal/clock.js';
import { newId } from './internal/tokens.js';
import { refuseUnknownKeys } from './internal/unknown-keys.js';
import { parseBoolean } from './options/checks.js';
import { parseOptions, type StepgateOptions } from './options/index.js';
import { inspectable } from './options/inspection.js';
import { createPages, type PagesOptions } from './pages/index.js';
import { createServices, type Services } from './services.js';
import { withTimeout } from './session/checked-store.js';
import { ownCall } from './session/own-call.js';
import { proofsForTests } from './session/proofs-for-tests.js';
import { claimFor, partsOf } from './session/realm.js';
import { createSessionAdmin, type SessionAdmin } from './session/session-admin.js';
import { createMethodAdmin, type MethodAdmin } from './step-up/method-admin.js';
import type { Rule } from './step-up/rule.js';

/** What a request turned out to be. */
export type AuthenticateOutcome =
  | { readonly outcome: 'authenticated'; readonly auth: RequestAuth }
  | { readonly outcome: 'anonymous' }
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

/** One app's instance. Its members need no `this`: take them apart as you like. */
export interface Stepgate<Name extends string = never> extends StepUpCalls<Name>, Impersonation, Handles<Name> {
  readonly requireSession: RequireSession;
  readonly requireSameOrigin: Middleware;
  /** Makes a guard that asks for a fresh proof, or for a confirmation of exactly this request. */
  readonly requireFreshStepUp: RequireFreshStepUp<Name>;
  /**
   * The same guard as a function, for where there is no middleware: NestJS, GraphQL, tRPC. What it makes resolves with
   * what the guard found out, and rejects with the `Refusal` that the guard would answer with. It reads the session anew
   * at each call. Throws a `SetupError` for a wrong rule.
   */
  readonly checkFreshStepUp: CheckFreshStepUp<Name>;
  /** Guards an app's own routes that add, change or remove a method, as stepgate's own are guarded. */
  readonly requireEnrolmentProof: Guard<SessionAuth>;
  readonly signIn: SignIn<Name | 'password' | 'external'>;
  readonly beginSignIn: BeginSignIn<Name>;
  readonly credentialsChanged: CredentialsChanged;
  readonly sessions: SessionAdmin;
  readonly methods: MethodAdmin<Name>;
  /** The routes, for `app.use('/auth', auth.router())`. */
  readonly router: (options?: RouterOptions<Name>) => Middleware;
  /**
   * Pages for apps that come without JavaScript: `app.use(auth.pages())` before the guarded routes. Where a browser would
   * get JSON for want of a proof, it gets a page with a form, below `{mount}/step-up/page`. Throws a `SetupError` for
   * wrong options.
   */
  readonly pages: (options?: PagesOptions) => Middleware;
  /**
   * Serves `/.well-known/webauthn`, for passkeys on pages of several domains: `app.use(auth.wellKnown())` in the app at
   * `rpID`, outside of any folder; and `/.well-known/stepgate-record-keys.json`, for readers of approval records. All else
   * goes on. Throws a `SetupError` for an instance that has neither.
   */
  readonly wellKnown: () => Middleware;
  /**
   * What a guard would find out, without a response: for the upgrade to a WebSocket, for GraphQL. A store that fails is
   * a refusal, too; it never rejects. API keys and restricted sessions are refused unless asked for.
   */
  readonly authenticate: (
    req: IncomingMessage,
    options?: { readonly apiKeys?: boolean | undefined; readonly restricted?: boolean | undefined },
  ) => Promise<AuthenticateOutcome>;
  /**
   * What the guard before this handler found out. Throws a `SetupError` where no guard of this instance ran, and a
   * `Refusal` where it let nobody through (`req.auth` is null then).
   */
  readonly current: (req: IncomingMessage) => RequestAuth;
  /** Ends the session of the request, by whichever of its credentials came, and clears our cookies. */
  readonly signOut: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
  /** Ends and forgets everything of a user. */
  readonly forgetUser: (userId: string) => Promise<void>;
  /**
   * Resolves when the store can be used by this instance, and rejects with why not: it fails or hangs past
   * `storeTimeout`, its tables are missing, it belongs to another instance. For the start of the app and for its
   * readiness probe.
   */
  readonly ready: () => Promise<void>;
  /** The clock that the instance goes by. */
  readonly clock: Clock;
  /** Writes what was noted of sessions seen. */
  readonly flush: () => Promise<void>;
  /** Flushes, stops the background work and closes the store. */
  readonly close: () => Promise<void>;
}

export interface RouterOptions<Name extends string = never> {
  /** What has to be proved before a session is ended by way of the list (ASVS 7.5.2). @default nothing */
  readonly manageSessions?: Rule<Name> | undefined;
  /**
   * Whether `GET /session` and `GET /sessions` show the `data` of a session to its user. Handlers have it in any case,
   * in `req.auth.session.data`. @default false
   */
  readonly listData?: boolean | undefined;
}

/** Makes the instance of one app. Throws a `SetupError` for wrong options. */
export function stepgate<const M extends readonly RoutedMethod[] = readonly []>(
  options: StepgateOptions<M>,
): Stepgate<M[number]['name']>;
// The names of methods are for the compiler: at run time each call checks the name that it is given.
export function stepgate(options: StepgateOptions): Stepgate<string> {
  const settings = parseOptions(options);
  const services = createServices(settings);
  const { keeper, store, stepUpCalls, stepUpCheckOf, touchQueue, cleanup } = services;
  const own = ownCall(services);
  const pages = createPages(services, settings.onRefusal ?? answer, settings.onRefusal === null);
  const { onRefusal } = pages;
  const { impersonate, endImpersonation } = createImpersonation(services);
  const { handle, checkHandle } = createHandles(services);

  const instance: Stepgate<string> = {
    requireSession: createRequireSession(services, onRefusal),
    requireSameOrigin: createRequireSameOrigin(services, onRefusal),
    requireFreshStepUp: createRequireFreshStepUp(stepUpCheckOf, onRefusal),
    checkFreshStepUp: createCheckFreshStepUp(services),
    requireEnrolmentProof: toGuard(
      async (req) => void (await services.requireEnrolment(req)),
      onRefusal,
      'requireEnrolmentProof',
    ),
    signIn: refusing(own('signIn', services.signIn)),
    signOut: refusing((req, res) => services.signOut(req, res)),
    impersonate: refusing(own('impersonate', impersonate)),
    endImpersonation: refusing(own('endImpersonation', endImpersonation)),
    beginSignIn: refusing(own('beginSignIn', createBeginSignIn(services))),
    handle: own('handle', handle),
    checkHandle: refusing(own('checkHandle', checkHandle)),
    credentialsChanged: refusing(own('credentialsChanged', createCredentialsChanged(services))),
    beginStepUp: refusing(stepUpCalls.beginStepUp),
    verifyStepUp: refusing(stepUpCalls.verifyStepUp),
    verifyOnly: refusing(stepUpCalls.verifyOnly),
    sessions: refusingEach(createSessionAdmin(services)),
    methods: refusingEach(createMethodAdmin(services)),
    router: (given) => routerOf(services, given),
    pages: pages.middleware,
    wellKnown: () => createWellKnown(services),
    authenticate: (req, given) => outcomeOf(services, req, given),
    current: (req) => services.states.current(req),
    clock: settings.clock,
    forgetUser: refusing(async (userId) => {
      await keeper.revokeAllForUser(parseUserId(userId), null, 'admin');
      for (const part of [store.challenges, store.attempts, store.passkeys, store.recoveryCodes]) {
        await part?.dropForUser(userId);
      }
      await store.grants?.dropForUser(userId, null);
      await store.approvals?.dropForUser(userId, null);
      await store.totp?.remove(userId);
    }),
    ready: () => ready(services),
    flush: () => touchQueue.flush(),
    async close() {
      cleanup.close();
      await touchQueue.close();
      await settings.store.close?.();
    },
  };
  if (settings.session !== null) proofsForTests.set(instance, services.elevations.prove);
  return inspectable(instance, settings);
}

function routerOf(services: Services, given: RouterOptions<string> = {}): Middleware {
  refuseUnknownKeys(given, ['manageSessions', 'listData'], 'options');
  const { manageSessions, listData = false } = given;
  const manage = manageSessions === undefined ? null : services.stepUpCheckOf(manageSessions);
  const tables = routeTables(services, { manage, listData: parseBoolean('listData', listData) });
  return createRouter(tables, createRequireSameOrigin(services, answer));
}

/** All that the router has. */
export function routeTables(services: Services, sessionOptions: SessionRouteOptions): readonly RouteTable[] {
  const { settings } = services;
  return [
    sessionRoutes(services, sessionOptions),
    tokenRoutes(services),
    ...(settings.methods.length === 0 || settings.session !== null ? [] : [signInRoutes(services)]),
    stepUpRoutes(services),
    ...(settings.session === null ? [approvalRoutes(services)] : []),
    ...methodRoutes(settings.methods, services),
  ];
}

/** Asks the store itself, whose errors say what is wrong: a checked store's are for the client. */
async function ready({ settings: { store, storeTimeout, clock }, realm }: Services): Promise<void> {
  for (const part of partsOf(store)) await withTimeout(claimFor(realm, part), storeTimeout);
  await withTimeout(Promise.resolve(store.sessions.list({ limit: 1, after: newId(), now: clock.now() })), storeTimeout);
}

async function outcomeOf(
  { authenticate, states }: Services,
  req: IncomingMessage,
  {
    apiKeys = false,
    restricted = false,
  }: { readonly apiKeys?: boolean | undefined; readonly restricted?: boolean | undefined } = {},
): Promise<AuthenticateOutcome> {
  const state = await authenticate(req);
  switch (state.outcome) {
    case 'session':
      if (state.row.restricted && !restricted) return refused(new Refusal('restricted'));
      states.set(req, state); // for `handle` and `current`
      return { outcome: 'authenticated', auth: state.auth };
    case 'api-key':
      return apiKeys ? { outcome: 'authenticated', auth: state.auth } : refused(new Refusal('api_key_refused'));
    case 'anonymous':
      return { outcome: 'anonymous' };
    case 'refused':
      return refused(state.refusal);
  }
}

function refused(refusal: Refusal): AuthenticateOutcome {
  return { outcome: 'refused', refusal };
}

const answer: OnRefusal = (refusal, _req, res) => sendRefusal(res, refusal);
