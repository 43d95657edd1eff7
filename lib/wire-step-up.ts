import type { IncomingMessage } from 'node:http';
import type { Emit } from './events.js';
import { createApproveAction } from './http/approve-action.js';
import type { Authenticate } from './http/authenticate.js';
import { type CallerOf, createFreshCallerOf, createManagerOf } from './http/caller.js';
import type { Cookies } from './http/cookies.js';
import type { Deliver } from './http/deliver.js';
import { createEnrolmentOf } from './http/enrolment.js';
import { type OnRefusal, refusing, refusingEach } from './http/refusal.js';
import type { RequestStates } from './http/request-auth.js';
import {
  createRequireFreshStepUp,
  createStepUpCheck,
  type RequireFreshStepUp,
  type StepUpCheck,
  toGuard,
} from './http/require-fresh-step-up.js';
import type { Middleware } from './http/require-session.js';
import type { RouteTable } from './http/router.js';
import { passkeyRoutes } from './http/routes/passkeys.js';
import { recoveryCodeRoutes } from './http/routes/recovery-codes.js';
import { signInRoutes } from './http/routes/sign-in.js';
import { stepUpRoutes } from './http/routes/step-up.js';
import { totpRoutes } from './http/routes/totp.js';
import type { OriginCheck } from './http/same-origin.js';
import type { SignIn } from './http/sign-in.js';
import { createStepUpCalls, type StepUpCalls } from './http/step-up.js';
import { SetupError } from './internal/setup-error.js';
import type { Method, MethodKit } from './methods/method.js';
import type { PasskeyMethod } from './methods/passkey/index.js';
import type { Settings } from './options.js';
import type { StoreCall } from './session/checked-store.js';
import type { Sessions } from './session/sessions.js';
import { createAttempts } from './step-up/attempts.js';
import { createChallenges } from './step-up/challenges.js';
import { createCheckEnrolment } from './step-up/enrolment.js';
import { createForgetMethod } from './step-up/forget-method.js';
import { createMethodAdmin, type MethodAdmin } from './step-up/method-admin.js';
import { createMethods } from './step-up/methods.js';
import { createSignInChallenges } from './step-up/sign-in-challenge.js';
import { createVerify } from './step-up/verify.js';
import type { Store } from './stores/contract/store.js';

/** What a kit with methods has beside sessions. */
export interface StepUp extends StepUpCalls<string> {
  readonly requireFreshStepUp: RequireFreshStepUp<string>;
  readonly requireEnrolmentProof: Middleware;
  readonly methods: MethodAdmin<string>;
  readonly checkOf: (rule: unknown) => StepUpCheck;
  readonly routes: readonly RouteTable[];
}

export interface WireStepUpDeps {
  readonly settings: Settings;
  readonly realm: string;
  readonly store: Store;
  readonly call: StoreCall;
  readonly sessions: Sessions;
  readonly states: RequestStates;
  readonly authenticate: Authenticate;
  readonly callerOf: CallerOf;
  readonly deliver: Deliver;
  readonly isSameOrigin: OriginCheck;
  readonly signIn: SignIn<string>;
  readonly cookies: Cookies;
  readonly dropStepUp: (sessionId: string) => Promise<void>;
  readonly onRefusal: OnRefusal;
  readonly invalidToken: string;
  readonly emit: Emit;
}

/** Puts step-up together. Throws a `SetupError` where the store or the options lack what a method needs. */
export function wireStepUp(deps: WireStepUpDeps): StepUp {
  const { settings, store, call, sessions, authenticate, states, invalidToken, onRefusal, emit } = deps;
  const { clock, secrets, issuer, users, voidsOnMismatch } = settings;
  if (settings.methods.length === 0) return withoutMethods();
  const kit: MethodKit = {
    store,
    secrets,
    issuer,
    emit,
    // `hasUsers` below: a method that asks for names isn't set up without them.
    findUser: async (userId) => call('users.find', () => users?.find(userId) ?? null, isObjectOrNull),
  };
  const hasUsers = users !== null;
  const methods = createMethods({ methods: settings.methods, kit, hasUsers, clock, timeout: settings.storeTimeout });
  const challenges = createChallenges(partOf(store, 'challenges'), clock);
  const attempts = createAttempts(partOf(store, 'attempts'), clock);
  const services = { methods, challenges, clock, emit };
  const verify = createVerify({
    ...services,
    sessions,
    attempts,
    secrets,
    sessionStore: store.sessions,
    grants: store.grants,
  });
  const forgetMethod = createForgetMethod(store, clock);
  const shared = { ...deps, ...services, forgetMethod };
  const approveAction =
    store.grants === undefined ? null : createApproveAction({ ...shared, voidsOnMismatch, grants: store.grants });
  const checkOf = createStepUpCheck({ ...shared, approveAction });
  const checkEnrolment = createCheckEnrolment(methods, clock);
  const managerOf = createManagerOf(createFreshCallerOf(authenticate, states), invalidToken);
  const enrolmentOf = createEnrolmentOf({ managerOf, checkEnrolment, methods, emit });
  const proveEnrolment = async (req: IncomingMessage): Promise<void> => void (await enrolmentOf(req));
  const calls = createStepUpCalls({ ...shared, verify });
  const signInChallenges = createSignInChallenges(partOf(store, 'challenges'), secrets, clock);
  const passkey = settings.methods.find(isPasskeyMethod);
  const { passkeys } = store; // there when the method is, which needs it
  const passkeyTables =
    passkey === undefined || passkeys === undefined
      ? []
      : [
          signInRoutes({ ...shared, ceremony: passkey.signIn, kit, signInChallenges }),
          passkeyRoutes({ ...shared, enrolmentOf, passkey, passkeys }),
        ];
  return {
    beginStepUp: refusing(calls.beginStepUp),
    verifyStepUp: refusing(calls.verifyStepUp),
    verifyOnly: refusing(calls.verifyOnly),
    requireFreshStepUp: createRequireFreshStepUp(checkOf, onRefusal),
    requireEnrolmentProof: toGuard(proveEnrolment, onRefusal, 'requireEnrolmentProof'),
    methods: refusingEach(createMethodAdmin(methods, attempts, forgetMethod, emit)),
    checkOf,
    routes: [
      stepUpRoutes({ ...shared, calls, sessionStore: store.sessions }),
      totpRoutes({ ...shared, enrolmentOf, attempts }),
      recoveryCodeRoutes({ ...shared, enrolmentOf }),
      ...passkeyTables,
    ],
  };
}

function partOf<P extends 'challenges' | 'attempts'>(store: Store, part: P): NonNullable<Store[P]> {
  const found = store[part];
  if (found !== undefined) return found;
  throw new SetupError(`The store has no part \`${part}\`.`, 'Take one that has it: no method can do without.');
}

/** By what it can do: the method's own module, and what that needs, is loaded only by apps that use it. */
function isPasskeyMethod(method: Method): method is PasskeyMethod {
  return method.name === 'passkey' && 'registration' in method && 'signIn' in method;
}

/** For a kit without methods: every step-up call says what is missing. */
function withoutMethods(): StepUp {
  const refuse = (): never => {
    throw new SetupError(
      '`methods` is empty.',
      'Give the kit at least one method, for example `[password({ verify })]`.',
    );
  };
  const reject = (): Promise<never> => Promise.resolve().then(refuse);
  return {
    requireFreshStepUp: refuse,
    requireEnrolmentProof: refuse,
    beginStepUp: reject,
    verifyStepUp: reject,
    verifyOnly: reject,
    methods: { list: reject, import: reject, remove: reject, unlock: reject },
    checkOf: refuse,
    routes: [],
  };
}

function isObjectOrNull(answer: object | null): boolean {
  return typeof answer === 'object';
}
