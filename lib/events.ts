import type { Clock } from './internal/clock.js';

/** Who or what ended a session. */
export type RevokedBy = 'user' | 'admin' | 'cap' | 'theft' | 'sign-out' | 'sign-in' | 'credentials-changed';

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
  | 'cross-origin'
  | 'api-key'
  | 'too-late';

interface Facts {
  'session.created': { userId: string; sessionId: string; ip?: string; methods: readonly string[] };
  'session.refreshed': { userId: string; sessionId: string; ip?: string };
  'session.refresh-reused': { userId: string; sessionId: string; ip?: string };
  'session.revoked': { userId: string; sessionId: string; by: RevokedBy };
  'session.refused': { reason: RefusedReason; userId?: string; sessionId?: string; ip?: string };
  'sessions.expired-deleted': { count: number };
  'touch.failed': { pending: number; dropped: number; error: unknown };
  'store.failed': { operation: string; error: unknown };
}

/** What `onEvent` is told: one closed union on `type`; never a secret, a token or the hash of one. */
export type StepgateEvent = {
  readonly [T in keyof Facts]: { readonly type: T; readonly at: number } & Readonly<Facts[T]>;
}[keyof Facts];

/** An event before it gets its time. */
type NewEvent = { readonly [T in keyof Facts]: { readonly type: T } & Readonly<Facts[T]> }[keyof Facts];

export type Emit = (event: NewEvent) => void;

/** Wraps the app's `onEvent` so that nothing it does can fail a request. Without one, failures go to `console.error`. */
export function createEmit(onEvent: ((event: StepgateEvent) => unknown) | undefined, clock: Clock): Emit {
  const listener = onEvent ?? logFailure;
  return (event) => {
    try {
      const result = listener({ ...event, at: clock.now() });
      if (result instanceof Promise) result.catch(logListenerFailure);
    } catch (error) {
      logListenerFailure(error);
    }
  };
}

function logFailure(event: StepgateEvent): void {
  if (event.type === 'touch.failed' || event.type === 'store.failed') log(`stepgate: ${event.type}`, event);
}

function logListenerFailure(error: unknown): void {
  log('stepgate: onEvent failed', error);
}

function log(what: string, details: unknown): void {
  // oxlint-disable-next-line no-console -- the default of `onEvent`, said in its docs: a failure must not go unseen
  console.error(what, details);
}
