export type { FailedReason, RefusedReason, RevokedBy, StepgateEvent } from './events.js';
export type { ApiKeysOption } from './http/authenticate.js';
export type { BeginSignIn, BeginSignInOptions, PendingSignInBody } from './http/begin-sign-in.js';
export type { SignedInBody } from './http/credentials.js';
export type { CredentialsChanged } from './http/credentials-changed.js';
export type { ConfirmedAuth, Guard } from './http/guard.js';
export type { HandleOutcome, Handles, SessionId } from './http/handle.js';
export type { ImpersonateOptions, Impersonation } from './http/impersonation.js';
export type { AfterChange, MethodRouteServices, RoutedMethod as Method } from './http/method-routes.js';
export { type OnRefusal, Refusal, type RefusalCode } from './http/refusal.js';
export type { ApiKeyAuth, ApprovedAction, Proof, RequestAuth, SessionAuth } from './http/request-auth.js';
export type { CheckFreshStepUp, RequireFreshStepUp, RequireFreshStepUpOptions } from './http/require-fresh-step-up.js';
export type { Middleware, RequireSession, RequireSessionOptions } from './http/require-session.js';
export type { RouteHandler, RouteRequest, RouteTable } from './http/router.js';
export { sendRefusal } from './http/router.js';
export type {
  BeginStepUp,
  StepUpBegun,
  StepUpCalls,
  StepUpResponse,
  StepUpVerified,
  VerifiedOnly,
} from './http/routes/step-up.js';
export type { SignedIn, SignIn } from './http/sign-in.js';
export type { SignInOptions } from './http/sign-in-options.js';
export type { Clock } from './internal/clock.js';
export type { Duration } from './internal/duration.js';
export { SetupError } from './internal/setup-error.js';
export type { TokenHash } from './internal/tokens.js';
export type {
  BeginContext,
  MethodContext,
  MethodField,
  MethodOutcome,
  MethodServices,
  User,
  VerifyContext,
} from './methods/method.js';
export { type PasswordOptions, password } from './methods/password.js';
export { type RecoveryCodeMethod, recoveryCode } from './methods/recovery-code/index.js';
export type { ApprovalsOption, CollectOption, Policy, StepgateOptions, UsersOption } from './options/index.js';
export type { PagesOptions } from './pages/index.js';
export type { AskedMethod, PageContent, RenderPage, StepUpPage } from './pages/page.js';
export type { ForeignSession, SessionOption } from './session/foreign-session.js';
export type { PageOptions, SessionAdmin, SessionPage } from './session/session-admin.js';
export type { MethodAdmin } from './step-up/method-admin.js';
export {
  type ApprovalRecord,
  payloadDigest,
  type RecordKey,
  type RecordKeys,
  type RecordPublicKey,
  type RecordsOption,
  type VerifyRecordOptions,
  verifyRecord,
} from './step-up/records.js';
export type { ActionRule, Approver, GuardRequest, Rule } from './step-up/rule.js';
export {
  type AuthenticateOutcome,
  type RouterOptions,
  type Stepgate,
  stepgate,
} from './stepgate.js';
// A star, so that an app's `declare module 'stepgate'` reaches the interface where it is declared.
export type * from './stores/contract/session-data.js';
export type * from './stores/contract/sessions.js';
export type { Store } from './stores/contract/store.js';
export { memoryStore } from './stores/memory/index.js';
