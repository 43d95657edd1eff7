/**
 * A way to prove presence: one of stepgate's own, or the name that the app has given its own method. (The odd
 * intersection keeps the known names in an editor's suggestions.)
 */
export type MethodName = 'passkey' | 'totp' | 'password' | 'recovery-code' | (string & {});

/**
 * What is left to prove, shortest first: each way is a list of methods that have to be proved, all of them. Proving one
 * method takes it out of every way; once a way is empty, it is done.
 */
export type Ways = readonly (readonly MethodName[])[];

/**
 * What a user is asked for. Whoever answers it only shows and asks; the ceremonies, the requests and the rules are the
 * client's.
 */
export interface ConfirmRequest {
  /**
   * `'proof'`: that it is them, which several requests may be waiting for. `'action'`: exactly one request, which the
   * confirmation is for and is spent by.
   */
  readonly why: 'proof' | 'action';
  /**
   * An action in words, as the server has put them; null where it has none. It is text, and may hold anything that the
   * user or somebody else has typed: never insert it as HTML.
   */
  readonly summary: string | null;
  /** What is left. Never empty, and only of methods that the user has. */
  readonly ways: Ways;
  /** The methods that the server would take, in its rule's order, and which of them the user has set up. */
  readonly methods: readonly { readonly method: MethodName; readonly enrolled: boolean }[];
  /**
   * Where exactly this was confirmed and done before: when, in epoch milliseconds by this device's clock. Then ask first
   * ("You confirmed exactly this two minutes ago. Do it again?"), and call `prove` only after a yes.
   */
  readonly again: { readonly spentAt: number } | null;
  /** Why the user is asked once more for the same: the time had expired. Null when it is the first time. */
  readonly notice: 'expired' | null;
  /**
   * Until when, in epoch milliseconds by this device's clock; null while nothing limits it. Read it anew after each
   * attempt: a wrong answer to an action brings a new challenge.
   */
  readonly expiresAt: number | null;
  /**
   * Aborted when nobody waits for the answer any more: the app gave up, or the user is signed out. Close then; what the
   * promise resolves with is not looked at.
   */
  readonly signal: AbortSignal;
  /**
   * Runs one attempt. For a passkey the client runs the browser's ceremony, so call it in the handler of a click; every
   * other method takes what the user typed: `{ code }` for `totp` and `recovery-code`, `{ password }` for `password`. A
   * method of the app's own takes its own answer; where it has a ceremony, or sends the user something when it begins, a
   * function, which is called with the server's options once it has begun, and gives the answer, or null when the user
   * gives up. One attempt at a time: a second call gets the first one's outcome. Never rejects.
   */
  readonly prove: (
    method: MethodName,
    response?: object | ((options: object | null) => object | null | Promise<object | null>),
  ) => Promise<ProveOutcome>;
}

export type ProveOutcome =
  /** Right. Empty: that was all, resolve with `'confirmed'`. Otherwise go on with what is left. */
  | { readonly outcome: 'verified'; readonly left: Ways }
  /** `attemptsLeft`: how many wrong answers more until the method is locked; null where the server doesn't say. */
  | { readonly outcome: 'wrong'; readonly attemptsLeft: number | null }
  /** Too many wrong answers. `retryAfter`: seconds until the method can be tried again. */
  | { readonly outcome: 'locked'; readonly retryAfter: number }
  /** Only the app's support can make it usable again: offer another method. */
  | { readonly outcome: 'disabled' }
  /** The challenge was used up or is too old: resolve with `'expired'`, and the client asks anew. */
  | { readonly outcome: 'expired' }
  /** The user gave up the ceremony, or let it run out. Nothing was counted: offer the button again. */
  | { readonly outcome: 'dismissed' }
  /** This browser or device can't do that: offer another method. */
  | { readonly outcome: 'unavailable' }
  /** No answer that makes sense came back: no network, a proxy's page. The same can be tried again. */
  | { readonly outcome: 'offline' }
  /** There is nothing to confirm any more: signed out, another user's session, given up. `signal` is aborted too. */
  | { readonly outcome: 'over' };

/**
 * `'confirmed'` counts only when `prove` has said so. `'cancelled'`: the user gives up. `'expired'`: the time has
 * expired, by `expiresAt` or by `prove`, and the user is asked once more.
 */
export type ConfirmOutcome = 'confirmed' | 'cancelled' | 'expired';

/**
 * Asks the user: `stepUpDialog()` of `stepgate/browser/dialog`, or the app's own. The client asks for one thing at a time,
 * and takes a rejection for `'cancelled'`.
 */
export type Confirm = (request: ConfirmRequest) => Promise<ConfirmOutcome>;
