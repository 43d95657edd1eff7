import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Emit } from '../events.js';
import { CLOCK_TOLERANCE, type Clock } from '../internal/clock.js';
import { SetupError } from '../internal/setup-error.js';
import { hashToken, type TokenHash } from '../internal/token-hash.js';
import type { AccessTokens } from '../session/access-token.js';
import type { RefreshTokens } from '../session/refresh-token.js';
import { publicSession, type Sessions } from '../session/sessions.js';
import { decodeToken } from '../session/tokens.js';
import type { SessionData } from '../stores/contract/session-data.js';
import type { Delivery, Session } from '../stores/contract/sessions.js';
import { clientAddress, userAgentOf } from './client.js';
import type { Cookies } from './cookies.js';
import { readCredential } from './credential.js';
import type { Deliver, SignedInBody } from './deliver.js';
import { Refusal } from './refusal.js';
import { type RequestStates, sessionAuth } from './request-auth.js';
import { isUnsafe, type OriginCheck } from './same-origin.js';

/** What the app's login handler says of a sign-in that it has checked. */
export interface SignInOptions<Name extends string> {
  /** 1 to 255 characters. */
  readonly userId: string;
  /** What the user signed in with: a configured method, `'password'`, or `'external'` for an identity provider. */
  readonly method: Name | readonly Name[];
  /**
   * Whether the user was there and passed the method just now. False (impersonation, moving in) makes no proof.
   * @default true
   */
  readonly interactive?: boolean;
  /** @default the kit's `delivery` */
  readonly delivery?: Delivery;
  /** A name for the session list; what is beyond 255 characters is cut off. */
  readonly label?: string;
  /** JSON, at most 4 KiB; fixed for the session's life. */
  readonly data?: SessionData;
  /**
   * When the credentials were taken, in epoch milliseconds; by method where they were taken one after the other. Give
   * it when checking them takes time: a sign-in that began before the user's sessions were revoked is refused.
   * @default now
   */
  readonly startedAt?: number | Readonly<Partial<Record<Name, number>>>;
}

export interface SignedIn {
  readonly session: Session;
  /** For `res.json`; a redirect may leave it out where the delivery is `'cookie'` or `'token-cookies'`. */
  readonly body: SignedInBody;
}

/** What a sign-in with a method says to the outside: RFC 8176 `amr` values and an `acr`. */
export interface SignInMethod {
  readonly amr: readonly string[];
  readonly acr: string | null;
}

/**
 * Makes a new session for the user and hands its tokens to the response; the session that the request carried before
 * ends in the same step. Sets headers and never ends the response. Rejects with a `Refusal`: `cross_origin` (login
 * CSRF), `sign_in_refused` (revoked meanwhile), `store_unavailable`; with a `SetupError` for wrong options.
 */
export type SignIn<Name extends string> = (
  req: IncomingMessage,
  res: ServerResponse,
  options: SignInOptions<Name>,
) => Promise<SignedIn>;

export interface SignInDeps {
  readonly methods: ReadonlyMap<string, SignInMethod>;
  readonly delivery: Delivery;
  readonly cookies: Cookies;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly sessions: Sessions;
  readonly states: RequestStates;
  readonly deliver: Deliver;
  readonly isSameOrigin: OriginCheck;
  readonly clock: Clock;
  readonly emit: Emit;
}

const MAX_USER_ID = 255;
const MAX_LABEL = 255;
const MAX_DATA_BYTES = 4_096;
export const DELIVERIES: readonly Delivery[] = ['cookie', 'bearer', 'token-cookies'];

export function createSignIn<Name extends string>(deps: SignInDeps): SignIn<Name> {
  const { cookies, sessions, states, deliver, isSameOrigin, clock, emit } = deps;

  return async function signIn(req, res, options) {
    const { userId, label } = options;
    const delivery = options.delivery ?? deps.delivery;
    const methods = [options.method].flat();
    checkOptions(options, delivery, methods, deps.methods);
    const taken = methods.map((name) => [name, timeOf(options.startedAt, name, clock.now())] as const);
    const authenticatedAt = Math.min(...taken.map(([, at]) => at));
    if (delivery !== 'bearer' && isUnsafe(req) && !isSameOrigin(req)) throw new Refusal('cross_origin');
    const created = await sessions.create({
      userId,
      delivery,
      authenticatedAt,
      ...contextOf(methods, deps.methods),
      proofs: options.interactive === false ? {} : Object.fromEntries(taken),
      userAgent: userAgentOf(req),
      ip: clientAddress(req),
      label: label === undefined ? null : storable(label).slice(0, MAX_LABEL),
      data: jsonOf(options.data),
      replaces: presentedToken(req, deps),
    });
    if (created.outcome === 'too-late') {
      emit({ type: 'session.refused', reason: 'too-late', userId });
      throw new Refusal('sign_in_refused');
    }
    const { row, token } = created;
    const { ip } = row;
    emit({ type: 'session.created', userId, sessionId: row.id, methods, ...(ip === null ? {} : { ip }) });
    cookies.clear(res); // of the other deliveries; the ones of this delivery are set next
    const body = deliver(res, created);
    states.set(req, { outcome: 'session', auth: sessionAuth(row, true), row, token, current: true });
    return { session: publicSession(row), body };
  };
}

/** The hash of the session token that the request carries, whatever it is worth: the store ends what it belongs to. */
function presentedToken(req: IncomingMessage, deps: SignInDeps): TokenHash | null {
  const { cookies, accessTokens, refreshTokens, clock } = deps;
  const credential = readCredential(req, cookies, null);
  if (credential.kind === 'session-token') {
    const token = decodeToken(credential.value);
    return token === null ? null : hashToken(token);
  }
  if (credential.kind === 'access-token') {
    const claims = accessTokens.verify(credential.value, clock.now());
    return claims.outcome === 'invalid' ? null : hashToken(claims.token);
  }
  const refreshToken = refreshTokens.read(cookies.read(req).values.refresh);
  return refreshToken === null ? null : refreshTokens.sessionTokenHash(refreshToken);
}

/** RFC 8176: the methods' values without repeats, and `mfa` for more than one method; the `acr` of the strongest. */
function contextOf(names: readonly string[], methods: ReadonlyMap<string, SignInMethod>): SignInMethod {
  const used = [...methods].filter(([name]) => names.includes(name)).map(([, method]) => method);
  const amr = new Set(used.flatMap((method) => method.amr));
  if (used.length > 1) amr.add('mfa');
  return { amr: [...amr], acr: used.find((method) => method.acr !== null)?.acr ?? null };
}

/** When the credentials of a method were taken. A clock may be a little ahead of ours; then it was now. */
function timeOf(startedAt: SignInOptions<string>['startedAt'], method: string, now: number): number {
  const at = (typeof startedAt === 'object' ? startedAt[method] : startedAt) ?? now;
  if (Number.isFinite(at) && at <= now + CLOCK_TOLERANCE) return Math.min(Math.floor(at), now);
  throw new SetupError('`startedAt` is not a past time.', 'Write `Date.now()` as it was when the credentials came.');
}

function checkOptions(
  { userId, label }: SignInOptions<string>,
  delivery: Delivery,
  names: readonly string[],
  methods: ReadonlyMap<string, SignInMethod>,
): void {
  if (typeof userId !== 'string' || userId === '' || userId.length > MAX_USER_ID || !isStorable(userId)) {
    throw new SetupError(
      '`userId` is no user id.',
      `Write a string of 1 to ${MAX_USER_ID} characters, none of them NUL.`,
    );
  }
  const unknown = names.find((name) => !methods.has(name));
  if (names.length === 0 || unknown !== undefined) {
    throw new SetupError('`method` names no method of this kit.', `Write one of: ${[...methods.keys()].join(', ')}.`);
  }
  if (!DELIVERIES.includes(delivery)) {
    throw new SetupError('`delivery` is unknown.', `Write one of: ${DELIVERIES.join(', ')}.`);
  }
  if (label !== undefined && typeof label !== 'string') {
    throw new SetupError('`label` is not a string.', 'Leave it out or write a string.');
  }
}

/** Text that every store gives back as it was: no lone surrogate, no NUL. */
function isStorable(text: string): boolean {
  return storable(text) === text;
}

function storable(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '');
}

/** A copy of the data as JSON keeps it: what the app changes later isn't in the session. */
function jsonOf(data: SessionData | undefined): SessionData | null {
  if (data === undefined) return null;
  const text = stringify(data);
  if (text === undefined || Buffer.byteLength(text) > MAX_DATA_BYTES) {
    throw new SetupError(
      '`data` is not small JSON.',
      `Keep at most ${MAX_DATA_BYTES} bytes of plain JSON in a session.`,
    );
  }
  return JSON.parse(text) as SessionData; // what the app's own type gave, through JSON
}

function stringify(data: SessionData): string | undefined {
  try {
    return JSON.stringify(data);
  } catch {
    return undefined; // a cycle or a bigint
  }
}
