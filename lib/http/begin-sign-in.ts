import type { IncomingMessage, ServerResponse } from 'node:http';
import { SetupError } from '../internal/setup-error.js';
import { decodeToken, encode, newToken } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { sentFrom } from './client.js';
import { assertUnsent, noStore } from './credentials.js';
import { Refusal } from './refusal.js';
import { endJson } from './router.js';
import { isUnsafe } from './same-origin.js';
import { parseSignIn, type SignInOptions } from './sign-in-options.js';

/** A sign-in by a first factor, which a second one has to complete. */
export interface BeginSignInOptions<Name extends string, Then extends string> extends SignInOptions<Name> {
  readonly interactive?: never;
  readonly restricted?: never;
  /** The methods that can complete it, any one of them; at least one that isn't in `method`. */
  readonly then: readonly Then[];
}

/** For `res.json`: what the page needs to complete the sign-in. */
export interface PendingSignInBody {
  /** For the routes below `/sign-in`; good for five minutes and for one session. */
  readonly pending: string;
  /** Those of `then` that the user has set up, strongest first. */
  readonly methods: readonly string[];
  readonly expiresAt: number;
  /** Seconds. */
  readonly expiresIn: number;
}

/**
 * Takes a first factor that the app has checked, where no session may begin before a second one. Makes no session and
 * no row, ends and evicts nothing: what is pending is in the answer, and with cookies bound to this browser by a short
 * one. `POST {mount}/sign-in/options` and `/sign-in/complete` go on with it. Never ends the response.
 *
 * Rejects with a `Refusal`: `step_up_unavailable` where the user has set up none of `then` (the app decides: `signIn`, or
 * no sign-in), `cross_origin`, `restricted` and `api_key_refused` (what can only ask for approvals signs nobody in),
 * `store_unavailable`; with a `SetupError` for wrong options, and once the headers were sent.
 */
export type BeginSignIn<Name extends string> = (
  req: IncomingMessage,
  res: ServerResponse,
  options: BeginSignInOptions<Name | 'password' | 'external', Name>,
) => Promise<PendingSignInBody>;

export function createBeginSignIn({
  settings,
  cookies,
  methods,
  pendingSignIns,
  isSameOrigin,
  refuseRestrictedSignIn,
  clock,
  emit,
}: Pick<
  Services,
  'settings' | 'cookies' | 'methods' | 'pendingSignIns' | 'isSameOrigin' | 'refuseRestrictedSignIn' | 'clock' | 'emit'
>): BeginSignIn<string> {
  return async function beginSignIn(req, res, options) {
    const { then, ...rest } = options ?? {};
    const now = clock.now();
    const { deliveries } = cookies;
    const known = [...new Set([...methods.names, 'password', 'external'])];
    const signIn = parseSignIn(rest, { known, deliveries, now, lifetimes: settings });
    if (signIn.restricted) {
      throw new SetupError(
        'A second factor makes no restricted session.',
        'Use `signIn` with `restricted: true` alone.',
      );
    }
    const seconds = parseThen(then, signIn.methods, methods.names);
    assertUnsent(res, 'beginSignIn');
    await refuseRestrictedSignIn(req);
    const delivery = signIn.delivery ?? settings.delivery;
    if (delivery !== 'bearer' && isUnsafe(req) && !isSameOrigin(req)) {
      emit({ type: 'session.refused', reason: 'cross-origin', ...sentFrom(req) });
      throw new Refusal('cross_origin');
    }
    const enrolled = await methods.enrolled(seconds, signIn.userId);
    if (enrolled.length === 0) {
      const none = seconds.map((method) => ({ method, enrolled: false }));
      throw new Refusal('step_up_unavailable', { members: { methods: none } });
    }
    const browser = delivery === 'bearer' ? null : (decodeToken(cookies.read(req).values.signIn) ?? newToken());
    const { value, expiresAt } = pendingSignIns.issue({ ...signIn, delivery, completedBy: enrolled }, browser);
    if (browser !== null) cookies.set(res, 'signIn', encode(browser), expiresAt - now);
    noStore(res);
    return { pending: value, methods: enrolled, ...endJson(expiresAt, now) };
  };
}

function parseThen(then: unknown, firsts: readonly string[], names: readonly string[]): readonly string[] {
  const given: readonly unknown[] = Array.isArray(then) ? then : []; // `isArray` says any[]
  const isRight = given.length > 0 && given.every((name) => names.some((known) => known === name));
  if (!isRight) {
    throw new SetupError('`then` must be a list of methods of this instance.', `Write some of: ${names.join(', ')}.`);
  }
  const seconds = names.filter((name) => given.includes(name));
  if (seconds.some((name) => firsts.includes(name))) {
    throw new SetupError('`then` names what the user has signed in with.', 'A second factor must be another method.');
  }
  return seconds;
}
