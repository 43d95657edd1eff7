import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Defined } from '../internal/defined.js';
import { andThen, isPromise } from '../internal/maybe-promise.js';
import { SetupError } from '../internal/setup-error.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { Services } from '../services.js';
import type { Guard } from './guard.js';
import { type OnRefusal, Refusal } from './refusal.js';
import type { ApiKeyAuth, Authentication, SessionAuth } from './request-auth.js';

/** A middleware for Express and Connect; typed by node:http, so that Express keeps its own route types. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

export interface RequireSessionOptions<Optional extends boolean = boolean, ApiKeys extends boolean = boolean> {
  /**
   * Lets a request without a credential through, with `req.auth` null; so too one whose cookie names no live session.
   * A bearer token that is no good is refused all the same.
   * @default false
   */
  readonly optional?: Optional | undefined;
  /**
   * Lets requests with an API key through.
   * @default false
   */
  readonly apiKeys?: ApiKeys | undefined;
  /**
   * Lets restricted sessions through, which can only ask for approvals.
   * @default false
   */
  readonly restricted?: boolean | undefined;
  /**
   * Takes the request for no activity of the user's, for pages that ask by themselves every now and then: it slides no
   * idle end. It has no effect where an earlier guard of this instance has let the request through.
   * @default false
   */
  readonly passive?: boolean | undefined;
  /** Answers for this guard in place of the instance's `onRefusal`. */
  readonly onRefusal?: OnRefusal | undefined;
}

/** The guard itself, or with options another one: `app.use(requireSession)`, `requireSession({ optional: true })`. */
export interface RequireSession extends Guard<SessionAuth> {
  <Optional extends boolean = false, ApiKeys extends boolean = false>(
    options?: RequireSessionOptions<Optional, ApiKeys>,
  ): Guard<SessionAuth | (ApiKeys extends true ? ApiKeyAuth : never) | (Optional extends true ? null : never)>;
}

const NAMES = ['optional', 'apiKeys', 'restricted', 'passive', 'onRefusal'] satisfies (keyof RequireSessionOptions)[];

export function createRequireSession(
  { authenticate, states }: Pick<Services, 'authenticate' | 'states'>,
  onRefusal: OnRefusal,
): RequireSession {
  function guardWith(options: RequireSessionOptions): Middleware {
    const { optional, apiKeys, restricted, passive, onRefusal: refuse } = parseOptions(options, onRefusal);
    const refusalOf = (state: Authentication): Refusal | null => {
      switch (state.outcome) {
        case 'session':
          return state.row.restricted && !restricted ? new Refusal('restricted') : null;
        case 'api-key':
          return apiKeys ? null : new Refusal('api_key_refused');
        case 'anonymous':
          return optional ? null : state.refusal;
        case 'refused':
          return optional && state.stale ? null : state.refusal;
      }
    };
    return function requireSessionGuard(req, res, next) {
      const settle = (state: Authentication): unknown => {
        states.set(req, state);
        const refusal = refusalOf(state);
        if (refusal !== null) return refuse(refusal, req, res, next);
        next();
        return undefined;
      };
      // An earlier guard of this instance has already asked.
      const settled = andThen(states.get(req) ?? authenticate(req, passive), settle);
      // What a handler throws in its own turn, or `onRefusal` rejects with, goes where Express expects it.
      if (isPromise(settled)) settled.catch(next);
    };
  }

  const plain = guardWith({});
  function requireSession(req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void;
  function requireSession(options?: RequireSessionOptions): Middleware;
  function requireSession(
    first: IncomingMessage | RequireSessionOptions = {},
    res?: ServerResponse,
    next?: (error?: unknown) => void,
  ): Middleware | undefined {
    if (res === undefined || next === undefined) {
      return guardWith(first as RequireSessionOptions); // with one argument the overloads leave only options
    }
    plain(first as IncomingMessage, res, next); // with three arguments the overloads leave only a request
    return undefined;
  }
  return requireSession;
}

function parseOptions(
  options: RequireSessionOptions,
  defaultOnRefusal: OnRefusal,
): Required<Defined<RequireSessionOptions>> {
  if (typeof options !== 'object' || options === null) {
    throw new SetupError('`requireSession` takes an object of options.', 'Write `requireSession({ optional: true })`.');
  }
  refuseUnknownKeys(options, NAMES, 'options');
  const {
    optional = false,
    apiKeys = false,
    restricted = false,
    passive = false,
    onRefusal = defaultOnRefusal,
  } = options;
  for (const [name, value] of Object.entries({ optional, apiKeys, restricted, passive })) {
    if (typeof value !== 'boolean')
      throw new SetupError(`\`${name}\` must be a boolean.`, 'Write true or false, or leave it out.');
  }
  if (typeof onRefusal !== 'function') {
    throw new SetupError('`onRefusal` must be a function.', 'Write a function or leave it out.');
  }
  return { optional, apiKeys, restricted, passive, onRefusal };
}
