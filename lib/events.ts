import type { Clock } from './internal/clock.js';
import { isPromise } from './internal/maybe-promise.js';

/** Who or what ended a session. */
export type RevokedBy =
  | 'user'
  | 'admin'
  | 'cap'
  | 'theft'
  | 'sign-out'
  | 'sign-in'
  | 'credentials-changed'
  | 'attempts'
  /** The admin who acted as the user went back, or out. */
  | 'impersonator';

/** Why a credential, or the request that brought it, was refused. The client sees only the coarse code. */
export type RefusedReason =
  | 'malformed'
  | 'several-credentials'
  | 'token-invalid'
  | 'token-expired'
  | 'unknown'
  | 'idle-expired'
  | 'expired'
  | 'replaced'
  | 'user-mismatch'
  | 'delivery-mismatch'
  | 'session-mismatch'
  | 'session-changed'
  | 'cross-origin'
  | 'api-key'
  | 'too-late'
  | 'no-challenge'
  | 'passkey-refused'
  | 'counter-regressed'
  | 'backup-eligibility-changed'
  | 'user-disabled'
  /** The session of the admin who acts as the user is gone. */
  | 'impersonator-gone';

/** Why an answer to a challenge was refused. The client receives one code whatever it was. */
export type FailedReason =
  | 'malformed'
  | 'unknown-credential'
  | 'rejected'
  | 'replayed'
  /** The signature is right, but the authenticator's counter went back. */
  | 'counter-regressed'
  /** The signature is right, but a device-bound passkey says that it can be synced, or the other way round. */
  | 'backup-eligibility-changed'
  /** The credential is younger than the challenge that it answers. */
  | 'enrolled-after-challenge'
  /** There is no live challenge for this session, user, purpose and method. */
  | 'no-challenge'
  /** What was to be enrolled is there already, whoever's it is. */
  | 'already-enrolled'
  /** What was to be the first method isn't: another was enrolled meanwhile. */
  | 'not-first-method'
  /** The user has as many of what was to be enrolled as there may be. */
  | 'full'
  /** The method itself threw, took too long, or cannot read what it has stored. */
  | 'method-error';

interface Facts {
  'session.created': { userId: string; sessionId: string; ip?: string; methods: readonly string[] };
  'session.refreshed': { userId: string; sessionId: string; ip?: string };
  'session.refresh-reused': { userId: string; sessionId: string; ip?: string };
  'session.revoked': { userId: string; sessionId: string; by: RevokedBy };
  'session.refused': { reason: RefusedReason; userId?: string; sessionId?: string; ip?: string };
  'sessions.expired-deleted': { count: number };
  'impersonation.started': { userId: string; sessionId: string; impersonatorId: string; reason: string; ip?: string };
  'impersonation.ended': { userId: string; sessionId: string; impersonatorId: string; ip?: string };
  'step-up.asked': { userId: string; sessionId: string; methods: readonly string[] };
  'step-up.succeeded': { userId: string; sessionId: string; method: string };
  'step-up.failed': { userId: string; sessionId: string; method: string; reason: FailedReason; error?: unknown };
  'step-up.locked': { userId: string; sessionId: string; method: string };
  'step-up.dropped': { userId: string; sessionId: string };
  'grant.spent': { userId: string; sessionId: string; method: string };
  'approval.requested': {
    approvalId: string;
    userId: string;
    sessionId?: string;
    keyId?: string;
    approverIds: readonly string[];
    ip?: string;
  };
  'approval.approved': { approvalId: string; userId: string; approverId: string; sessionId: string; method: string };
  'approval.denied': { approvalId: string; userId: string; approverId: string; sessionId: string };
  'approval.withdrawn': { approvalId: string; userId: string; approverId: string };
  'approval.expired': { approvalId: string; userId: string };
  'approval.spent': { approvalId: string; userId: string; approverId: string; method: string };
  'method.enrolled': { userId: string; method: string; sessionId?: string; credentialId?: string };
  'method.removed': { userId: string; method: string; sessionId?: string; credentialId?: string };
  'method.disabled': { userId: string; method: string };
  'method.unlocked': { userId: string; method: string };
  'passkey.counter-regressed': { userId: string; passkeyId: string };
  'totp.weak-secret': { userId: string; bits: number };
  'touch.failed': { pending: number; dropped: number; error: unknown };
  'dependency.failed': { operation: string; error: unknown };
}

/** What `onEvent` receives: one closed union on `type`; never a secret, a token or the hash of one. */
export type StepgateEvent = {
  readonly [T in keyof Facts]: { readonly type: T; readonly at: number } & Readonly<Facts[T]>;
}[keyof Facts];

/** An event before it gets its time. */
type NewEvent = { readonly [T in keyof Facts]: { readonly type: T } & Readonly<Facts[T]> }[keyof Facts];

export type Emit = (event: NewEvent) => void;

/**
 * Wraps the app's `onEvent` so that nothing it does can fail a request. Without one, failures go to `console.error`.
 * `withIp`: whether events carry the client's address.
 */
export function createEmit(
  onEvent: ((event: StepgateEvent) => unknown) | undefined,
  clock: Clock,
  withIp: boolean = true,
): Emit {
  const listener = onEvent ?? logFailure;
  return (event) => {
    try {
      const result = listener({ ...(withIp ? event : withoutIp(event)), at: clock.now() });
      if (isPromise(result)) result.then(undefined, logListenerFailure);
    } catch (error) {
      logListenerFailure(error);
    }
  };
}

function withoutIp(event: NewEvent): NewEvent {
  if (!('ip' in event)) return event;
  const { ip: _, ...rest } = event;
  return rest;
}

function logFailure(event: StepgateEvent): void {
  if (event.type === 'touch.failed' || event.type === 'dependency.failed') log(`stepgate: ${event.type}`, event);
}

function logListenerFailure(error: unknown): void {
  log('stepgate: onEvent failed', error);
}

function log(what: string, details: unknown): void {
  // oxlint-disable-next-line no-console -- the default of `onEvent`, said in its docs: a failure must not go unseen
  console.error(what, details);
}
