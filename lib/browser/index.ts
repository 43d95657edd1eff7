export type {
  AskedRule,
  CurrentSessionJson,
  PasskeyJson,
  ProofJson,
  RefusalCode,
  RefusalJson,
  SessionJson,
  SessionsJson,
  SignedInJson,
  StepUpStateJson,
  TotpJson,
} from '../wire.js';
export { type Client, type ClientOptions, createClient } from './client.js';
export type { Confirm, ConfirmOutcome, ConfirmRequest, MethodName, ProveOutcome, Ways } from './confirm.js';
export { StepgateError, type StepgateErrorCode } from './errors.js';
export type { ClientEvents } from './page-session.js';
export type { Passkeys } from './passkeys.js';
export type { ClientRequestInit } from './request.js';
export type { PasskeySignInOptions, SignInWithPasskey } from './sign-in.js';
export type { TokenStore, Tokens } from './transport.js';
