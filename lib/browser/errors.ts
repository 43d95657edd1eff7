import type { RefusalCode, RefusalJson } from '../wire.js';

/**
 * Why a call of the client failed:
 *
 * - `cancelled`: the user or the page gave up, and nothing was done.
 * - `outcome_unknown`: it may have been done. Look before you do it again; `again()` does it.
 * - `offline`: no answer that makes sense came back, to a request that changes nothing or to one of stepgate's own.
 * - `signed_out`: there is no session any more. The client has emitted `'signed-out'`.
 * - `session_changed`: the browser is signed in to another session by now. Nothing was done.
 * - `step_up_unavailable`: the user has nothing that the server would take.
 * - `step_up_failed`: the server asks again for what was just given, or a code that sets up a method is wrong.
 * - `method_locked`: too many wrong answers; `retryAfter` says for how long.
 * - `passkey_cancelled`, `passkey_unavailable`, `passkey_exists`: what came of the browser's own dialog.
 * - `approval_denied`, `approval_expired`: nobody approved the request, and nothing was done.
 * - `stream_body`: a stream can't be sent twice. Give `() => stream`.
 * - any other refusal of stepgate's routes, by the server's code.
 */
export type StepgateErrorCode =
  | 'cancelled'
  | 'outcome_unknown'
  | 'offline'
  | 'signed_out'
  | 'passkey_cancelled'
  | 'passkey_unavailable'
  | 'passkey_exists'
  | 'approval_denied'
  | 'approval_expired'
  | 'stream_body'
  | Exclude<
      RefusalCode,
      'session_required' | 'session_invalid' | 'refresh_invalid' | 'refresh_missing' | 'step_up_required'
    >;

export interface StepgateErrorInit {
  readonly cause?: unknown;
  /** What came back, where something did. */
  readonly response?: Response;
  /** The server's words, where it has refused. */
  readonly refusal?: RefusalJson | null;
  /** With `method_locked`: seconds until the method can be tried again. */
  readonly retryAfter?: number;
  /** With `outcome_unknown`: sends the request once more, because the user has looked and wants it. */
  readonly again?: (() => Promise<Response>) | undefined;
}

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the constructor assigns all of them
export interface StepgateError extends Omit<StepgateErrorInit, 'cause'> {
  readonly code: StepgateErrorCode;
}

/**
 * The one kind of error that the client's calls reject with. Its `code` is for the app to decide by and to put into the
 * user's words; the message is the server's, or the code again.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor assigns all of them
export class StepgateError extends Error {
  override readonly name = 'StepgateError';

  constructor(code: StepgateErrorCode, init: StepgateErrorInit = {}) {
    super(init.refusal?.detail ?? code, init);
    Object.assign(this, init, { code });
  }
}
