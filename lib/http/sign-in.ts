import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeToken, hashToken, type TokenHash } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { publicSession } from '../session/sessions.js';
import type { Session } from '../stores/contract/sessions.js';
import { withNewToken } from './authenticate.js';
import { clientAddress, sentFrom, userAgentOf } from './client.js';
import { assertUnsent, parseCredential, type SignedInBody } from './credentials.js';
import { Refusal } from './refusal.js';
import { isUnsafe } from './same-origin.js';
import { parseSignIn, type SignInOptions } from './sign-in-options.js';

/** What a sign-in with a method says to the outside: RFC 8176 `amr` values and an `acr`. */
export interface SignInMethod {
  readonly amr: readonly string[];
  readonly acr: string | null;
}

export interface SignedIn {
  readonly session: Session;
  /** For `res.json`; a redirect may leave it out where the delivery is `'cookie'` or `'token-cookies'`. */
  readonly body: SignedInBody;
}

/**
 * Makes a new session for the user and hands its tokens to the response; the session that the request carried before
 * ends in the same step. Sets headers and never ends the response; a `Set-Cookie` that the app itself gives to
 * `writeHead` afterwards replaces ours. Rejects with a `Refusal`: `cross_origin` (login CSRF), `sign_in_refused`
 * (revoked meanwhile), `restricted` and `api_key_refused` (what can only ask for approvals signs nobody in),
 * `store_unavailable`; with a `SetupError` for wrong options, and once the headers were sent.
 */
export type SignIn<Name extends string> = (
  req: IncomingMessage,
  res: ServerResponse,
  options: SignInOptions<Name>,
) => Promise<SignedIn>;

/** What a user can sign in with beside the configured methods. */
const OTHER_SIGN_INS: readonly (readonly [string, SignInMethod])[] = [
  ['password', { amr: ['pwd'], acr: null }],
  ['external', { amr: [], acr: null }],
];

type Needed = Pick<
  Services,
  | 'settings'
  | 'cookies'
  | 'accessTokens'
  | 'refreshTokens'
  | 'sessions'
  | 'states'
  | 'deliver'
  | 'isSameOrigin'
  | 'refuseRestrictedSignIn'
  | 'clock'
  | 'emit'
>;

export function createSignIn(services: Needed): SignIn<string> {
  const { settings, cookies, sessions, states, deliver, isSameOrigin, refuseRestrictedSignIn, clock, emit } = services;
  // A method of the app may be called `password`, too: the configured ones win, and their order is their strength.
  const known = new Map<string, SignInMethod>(settings.methods.map((method) => [method.name, method]));
  for (const [name, method] of OTHER_SIGN_INS) if (!known.has(name)) known.set(name, method);

  return async function signIn(req, res, options) {
    const { deliveries } = cookies;
    const checked = parseSignIn(options, {
      known: [...known.keys()],
      deliveries,
      now: clock.now(),
      lifetimes: settings,
    });
    assertUnsent(res, 'signIn');
    const { userId, methods, times, restricted, delivery = settings.delivery } = checked;
    const interactive = checked.interactive && !restricted;
    const isForeign = isUnsafe(req) && !isSameOrigin(req);
    if (isForeign && delivery !== 'bearer') {
      emit({ type: 'session.refused', reason: 'cross-origin', ...sentFrom(req) });
      throw new Refusal('cross_origin');
    }
    await refuseRestrictedSignIn(req);
    const created = await sessions.create({
      userId,
      delivery,
      authenticatedAt: Math.min(...Object.values(times)),
      ...(interactive ? contextOf(methods, known) : { amr: [], acr: null }), // nobody passed them
      proofs: interactive ? times : {},
      userAgent: settings.collect.userAgent ? userAgentOf(req) : null,
      ip: settings.collect.ip ? clientAddress(req) : null,
      label: checked.label,
      data: checked.data,
      idleLifetime: checked.idleLifetime,
      absoluteLifetime: checked.absoluteLifetime,
      persistent: checked.persistent,
      restricted,
      impersonator: null,
      replaces: await presentedToken(req, isForeign, services),
    });
    if (created.outcome === 'too-late') {
      emit({ type: 'session.refused', reason: 'too-late', userId, ...sentFrom(req) });
      throw new Refusal('sign_in_refused');
    }
    const { row, token } = created;
    // Nobody could go back to it any more: the cookie goes below.
    const returnTokens = isForeign ? [] : cookies.all(req, 'return');
    for (const value of returnTokens) {
      const returnToken = decodeToken(value);
      if (returnToken !== null) await sessions.revokeByReturnToken(returnToken, 'sign-in');
    }
    emit({ type: 'session.created', userId, sessionId: row.id, methods, ...sentFrom(req) });
    if (!isForeign) cookies.clear(res); // of the other deliveries; the ones of this delivery are set next
    if (returnTokens.length > 0) cookies.clearOne(res, 'return');
    const body = deliver(res, created);
    states.set(req, withNewToken({ row, token, proofsId: row.id }));
    return { session: publicSession(row), body };
  };
}

/**
 * The hash of a session token of the session that the request carries, by any credential of it that is left: the store
 * ends that session. The cookies that a page of another origin made the browser send don't count.
 */
async function presentedToken(req: IncomingMessage, isForeign: boolean, services: Needed): Promise<TokenHash | null> {
  const { cookies, accessTokens, refreshTokens, sessions, clock } = services;
  const credential = parseCredential(req, cookies, null);
  if (isForeign && !('delivery' in credential && credential.delivery === 'bearer')) return null;
  if (credential.kind === 'session-token') {
    const token = decodeToken(credential.value);
    return token === null ? null : hashToken(token);
  }
  if (credential.kind === 'access-token') {
    const claims = accessTokens.verify(credential.value, clock.now());
    const row = claims.outcome === 'invalid' ? null : await sessions.get(claims.sessionId);
    return row?.delivery === credential.delivery ? row.tokenHash : null;
  }
  const refreshToken = refreshTokens.read(cookies.read(req).values.refresh);
  const row = refreshToken === null ? null : await sessions.get(refreshToken.sessionId);
  return row?.delivery === 'token-cookies' ? row.tokenHash : null;
}

/** RFC 8176: the methods' values without repeats, and `mfa` for more than one method; the `acr` of the strongest. */
function contextOf(names: readonly string[], methods: ReadonlyMap<string, SignInMethod>): SignInMethod {
  const used = [...methods].filter(([name]) => names.includes(name)).map(([, method]) => method);
  const amr = new Set(used.flatMap((method) => method.amr));
  if (used.length > 1) amr.add('mfa');
  return { amr: [...amr], acr: used.find((method) => method.acr !== null)?.acr ?? null };
}
