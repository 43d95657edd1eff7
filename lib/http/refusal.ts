import type { IncomingMessage, ServerResponse } from 'node:http';
import { brand } from '../internal/brand.js';
import { SetupError } from '../internal/setup-error.js';
import { DependencyError } from '../session/checked-store.js';
import type { RefusalCode } from '../wire.js';

export type { RefusalCode };

const STATUS: Readonly<Record<RefusalCode, number>> = {
  session_required: 401,
  session_invalid: 401,
  refresh_invalid: 401,
  step_up_required: 401,
  approval_required: 401,
  refresh_missing: 400,
  request_invalid: 400,
  action_incomplete: 400,
  step_up_failed: 403,
  step_up_unavailable: 403,
  method_disabled: 403,
  sign_in_refused: 403,
  cross_origin: 403,
  api_key_refused: 403,
  restricted: 403,
  not_found: 404,
  method_not_allowed: 405,
  session_changed: 409,
  approval_decided: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  method_locked: 429,
  too_many_pending: 429,
  slow_down: 429,
  store_unavailable: 500,
};

const DETAIL: Readonly<Record<RefusalCode, string>> = {
  session_required: 'Sign in first.',
  session_invalid: 'The session is unknown, ended or expired.',
  refresh_invalid: 'The refresh token is unknown, used or expired.',
  step_up_required: 'Confirm that it is you.',
  approval_required: 'This has to be approved.',
  refresh_missing: 'The request has no refresh token.',
  request_invalid: 'The request is not in the form that this route takes.',
  action_incomplete: 'The request lacks what it has to be confirmed for.',
  step_up_failed: 'The proof was not accepted.',
  step_up_unavailable: 'None of the methods that this route accepts is set up.',
  method_disabled: 'The method is disabled after too many failures.',
  sign_in_refused: 'The sign-in was refused.',
  cross_origin: 'The request comes from another origin.',
  api_key_refused: 'An API key is not accepted here.',
  restricted: 'This session may not do that.',
  not_found: 'There is nothing here.',
  method_not_allowed: 'The route has no such method.',
  approval_decided: 'The approval was decided before, or its time is over.',
  session_changed: 'The request is for another session than the one it came with.',
  body_too_large: 'The body is larger than this route takes.',
  unsupported_media_type: 'The body must be JSON in UTF-8.',
  method_locked: 'Too many attempts; try again later.',
  too_many_pending: 'Too much waits to be approved, or too much was denied; try again later.',
  slow_down: 'Too many requests of this kind; try again later.',
  store_unavailable: 'The session could not be checked; nothing is lost, try again.',
};

/** Of each status that a refusal has. */
export const TITLE: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
};

export interface RefusalInit {
  /** One sentence for the developer of the client; a constant, never made from a secret. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the problem+json body. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Such members for the client alone: they hold a secret, and are in no log of the refusal. */
  readonly secretMembers?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Hides them in a function: neither `inspect` nor JSON shows what it gives. Of a name that the other build has, too. */
const SECRET_MEMBERS = Symbol.for('stepgate.secretMembers');

/** All members of the body, those included that only its client may see. */
export function membersOf(refusal: Refusal): Readonly<Record<string, unknown>> {
  const hidden = (refusal as { [SECRET_MEMBERS]?: () => Readonly<Record<string, unknown>> })[SECRET_MEMBERS]; // as the constructor set it
  return { ...refusal.members, ...hidden?.() };
}

/** Why a request is refused: an `Error` with everything that an answer needs, so that an app may send its own. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: RefusalCode, init: RefusalInit = {}) {
    const { detail = DETAIL[code], headers = {}, members = {}, secretMembers, cause } = init;
    super(detail, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = STATUS[code];
    this.headers = headers;
    this.members = members;
    if (secretMembers !== undefined) Object.defineProperty(this, SECRET_MEMBERS, { value: () => secretMembers });
  }

  static {
    brand(Refusal, 'Refusal');
  }
}

/** What it throws, or rejects with, goes to `next`. */
export type OnRefusal = (
  refusal: Refusal,
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => unknown;

/** The refusal for whatever was thrown on the way, or null for an error that isn't ours to answer. */
export function refusalFrom(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  return error instanceof DependencyError ? new Refusal('store_unavailable', { cause: error }) : null;
}

/** The same call for an app's own handlers: where the store fails it rejects with a refusal as well. */
export function refusing<A extends readonly unknown[], R>(
  call: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await call(...args);
    } catch (error) {
      throw refusalFrom(error) ?? error;
    }
  };
}

/** The same calls, each `refusing`. */
export function refusingEach<T extends object>(calls: T): T {
  const wrapped = Object.entries(calls).map(([name, call]) => [name, refusing(call as Call)] as const); // all of them are such calls
  return Object.fromEntries(wrapped) as T; // name by name what `calls` has
}

type Call = (...args: readonly unknown[]) => Promise<unknown>;

/** The headers that say why a credential is missing or of no use. */
export interface WwwAuthenticate {
  readonly sessionRequired: string;
  readonly invalidToken: string;
}

/** Throws a `SetupError` for a realm that no header can carry. */
export function createWwwAuthenticate(realm: string): WwwAuthenticate {
  return {
    sessionRequired: bearer([['realm', realm]]), // no error code without a credential (RFC 6750, 3.1)
    invalidToken: bearer([
      ['realm', realm],
      ['error', 'invalid_token'],
      ['error_description', 'The session or access token is invalid, expired or revoked'],
    ]),
  };
}

// RFC 6750, 3: neither a quote nor a backslash, so that nothing has to be escaped.
const TEXT = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;

/** A `WWW-Authenticate` header of these parameters. Throws a `SetupError` for a value that no header can carry. */
export function bearer(params: readonly (readonly [name: string, value: string])[]): string {
  const wrong = params.find(([, value]) => !TEXT.test(value));
  if (wrong === undefined) return `Bearer ${params.map(([name, value]) => `${name}="${value}"`).join(', ')}`;
  throw new SetupError(
    `The \`${wrong[0]}\` ${JSON.stringify(wrong[1])} can't stand in a header.`,
    'Use printable ASCII without quotes and backslashes.',
  );
}
