import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseCookie, stringifySetCookie } from 'cookie';
import { SetupError } from '../internal/setup-error.js';
import { encode } from '../internal/tokens.js';
import type { Services } from '../services.js';
import type { SessionWithTokens } from '../session/sessions.js';
import type { Delivery } from '../stores/contract/sessions.js';
import type { SignedInJson } from '../wire.js';

/** Our cookies by what they carry. Their names on the wire depend on the options. */
export type CookieKind = CredentialKind | 'signIn';
type CredentialKind = 'session' | 'access' | 'refresh' | 'return' | 'stepUp';

export interface OurCookies {
  readonly values: Readonly<Partial<Record<CookieKind, string>>>;
  /** A credential came more than once, or they are of two deliveries: one of them was planted, and we can't tell which. */
  readonly conflicting: boolean;
}

export interface Cookies {
  /** Those in use. A cookie of another isn't ours: it is neither read nor cleared. */
  readonly deliveries: ReadonlySet<Delivery>;
  readonly names: Readonly<Record<CookieKind, string>>;
  read(req: IncomingMessage): OurCookies;
  /** Every value of a cookie, should it have come more than once. */
  all(req: IncomingMessage, kind: CredentialKind): readonly string[];
  /** Sets a cookie for `maxAge` milliseconds; null: until the browser ends. */
  set(res: ServerResponse, kind: CookieKind, value: string, maxAge: number | null): void;
  /** Clears one of them. */
  clearOne(res: ServerResponse, kind: CookieKind): void;
  /** Clears all our credentials; does nothing when an answer was begun. */
  clear(res: ServerResponse): void;
}

const DEFAULT_NAME = 'session';
const KINDS: Readonly<Record<Delivery, readonly CredentialKind[]>> = {
  cookie: ['session', 'return'],
  'token-cookies': ['access', 'refresh'],
  bearer: [],
};
const NONE: OurCookies = { values: {}, conflicting: false };

export function createCookies({
  cookieName,
  deliveries,
  insecureCookies,
  session,
}: Pick<Services['settings'], 'cookieName' | 'deliveries' | 'insecureCookies' | 'session'>): Cookies {
  const prefix = insecureCookies ? '' : '__Host-'; // RFC 6265bis 4.1.3.2: no sibling domain can set or toss it
  const nameOf = (kind: string): string => `${prefix}${cookieName === DEFAULT_NAME ? '' : `${cookieName}-`}${kind}`;
  const names = {
    session: `${prefix}${cookieName}`,
    access: nameOf('access'),
    refresh: nameOf('refresh'),
    return: nameOf('return'), // with what an admin goes back to the own session
    stepUp: nameOf('step-up'), // beside a session that the app keeps
    signIn: nameOf('sign-in'), // names a browser, not a user
  };
  const used = new Set(deliveries);
  const credentials = [...used].flatMap((delivery) => KINDS[delivery]);
  const ours: readonly CredentialKind[] = session === null ? credentials : ['stepUp'];
  const attributes = { path: '/', httpOnly: true, secure: !insecureCookies, sameSite: 'lax' } as const;
  const occurrence = (kind: CredentialKind): RegExp =>
    new RegExp(`(?:^|;)[ \\t]*${escaped(names[kind])}[ \\t]*=[ \\t]*([^;]*)`, 'g');
  const occurrences = {
    session: occurrence('session'),
    access: occurrence('access'),
    refresh: occurrence('refresh'),
    return: occurrence('return'),
    stepUp: occurrence('stepUp'),
  };

  function write(res: ServerResponse, name: string, line: string): void {
    // A later step of the same request replaces what an earlier one has set.
    const kept = [res.getHeader('Set-Cookie') ?? []].flat().filter((other) => !`${other}`.startsWith(`${name}=`));
    res.setHeader('Set-Cookie', [...kept.map(String), line]);
  }

  function clearOne(res: ServerResponse, kind: CookieKind): void {
    // Max-Age is enough for a browser; the cookie jars of some HTTP clients, supertest's among them, know only Expires.
    const over = { maxAge: 0, expires: new Date(0) };
    const name = names[kind];
    write(res, name, stringifySetCookie({ ...attributes, name, value: '', ...over }));
  }

  return {
    deliveries: used,
    names,
    read(req) {
      const header = req.headers.cookie;
      if (header === undefined) return NONE;
      const all = parseCookie(header, { decode: (value) => value }); // our values need no decoding
      const values: Partial<Record<CookieKind, string>> = {};
      let conflicting = false;
      for (const kind of credentials) {
        const value = all[names[kind]];
        if (value === undefined) continue;
        values[kind] = value;
        conflicting ||= (header.match(occurrences[kind]) ?? []).length > 1;
      }
      conflicting ||= values.session !== undefined && (values.access !== undefined || values.refresh !== undefined);
      const signIn = all[names.signIn];
      return { values: signIn === undefined ? values : { ...values, signIn }, conflicting };
    },
    all(req, kind) {
      if (!ours.includes(kind)) return [];
      const found = req.headers.cookie?.matchAll(occurrences[kind]) ?? [];
      return [...found].map(([, value = '']) => value.trimEnd());
    },
    set(res, kind, value, maxAge) {
      const name = names[kind];
      const life = maxAge === null ? {} : { maxAge: Math.floor(maxAge / 1_000) };
      write(res, name, stringifySetCookie({ ...attributes, name, value, ...life }));
    },
    clearOne,
    clear(res) {
      if (res.headersSent) return;
      // The return cookie, which few have, is cleared by whoever ends what it stands for.
      for (const kind of ours) if (kind !== 'return') clearOne(res, kind);
    },
  };
}

function escaped(text: string): string {
  return text.replace(/[^\w]/g, '\\$&');
}

/** What a request brings to say who it is. Nothing is checked yet but the way it came. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'session-token'; readonly value: string; readonly delivery: 'cookie' }
  | { readonly kind: 'access-token'; readonly value: string; readonly delivery: Exclude<Delivery, 'cookie'> }
  | { readonly kind: 'api-key'; readonly value: string }
  /** Two cookies of one name, or cookies of two deliveries. */
  | { readonly kind: 'conflicting' };

/**
 * Reads the credential: `Authorization: Bearer` first, and then the cookies are not looked at; never the query or the
 * body. Other authorization schemes are somebody else's, and so is a bearer token where the delivery isn't in use.
 */
export function parseCredential(req: IncomingMessage, cookies: Cookies, apiKeyPrefix: string | null): Credential {
  const match = BEARER.exec(req.headers.authorization ?? '');
  if (match !== null) {
    const bearer = match[1] ?? '';
    if (apiKeyPrefix !== null && bearer.startsWith(apiKeyPrefix)) return { kind: 'api-key', value: bearer };
    if (cookies.deliveries.has('bearer')) return { kind: 'access-token', value: bearer, delivery: 'bearer' };
  }
  const { values, conflicting } = cookies.read(req);
  const { session, access } = values;
  if (conflicting) return { kind: 'conflicting' };
  if (session !== undefined) return { kind: 'session-token', value: session, delivery: 'cookie' };
  if (access !== undefined) return { kind: 'access-token', value: access, delivery: 'token-cookies' };
  return { kind: 'none' };
}

const BEARER = /^bearer(?: +(.*))?$/i; // RFC 6750 2.1

/** Whether a browser adds the credential by itself, so that another site could use it. */
export function isAmbient(credential: Credential): boolean {
  return credential.kind === 'conflicting' || ('delivery' in credential && credential.delivery !== 'bearer');
}

/**
 * What goes into the body beside the headers, by the session's delivery: with cookies no token, so that no script of a
 * page ever sees one.
 */
export type SignedInBody = SignedInJson;

/** Hands a session's tokens to its client by the session's delivery: sets headers, gives the body, ends nothing. */
export type Deliver = (res: ServerResponse, session: SessionWithTokens) => SignedInBody;

export function createDeliver({
  settings,
  cookies,
  accessTokens,
  clock,
}: Pick<Services, 'settings' | 'cookies' | 'accessTokens' | 'clock'>): Deliver {
  if (settings.session !== null) return deliverElevation;

  /** Beside a session that the app keeps there is one token of ours: the one by which the session has its proofs. */
  function deliverElevation(res: ServerResponse, { row, token }: SessionWithTokens): SignedInBody {
    noStore(res);
    const session_id = row.id;
    if (row.delivery === 'bearer') return { session_id, step_up_token: encode(token) };
    cookies.set(res, 'stepUp', encode(token), row.expiresAt - clock.now());
    return { session_id };
  }

  return (res, { row, token, refreshToken }) => {
    noStore(res);
    const now = clock.now();
    const remaining = row.persistent ? row.expiresAt - now : null;
    const session_id = row.id;
    if (row.delivery === 'cookie') {
      cookies.set(res, 'session', encode(token), remaining);
      return { session_id };
    }
    const access_token = accessTokens.issue(row, token, now);
    const expires_in = Math.max(0, Math.floor((accessTokens.endOf(row, now) - now) / 1_000));
    const refresh_token = refreshToken === null ? null : encode(refreshToken.bytes);
    if (row.delivery === 'bearer') {
      const tokens = { token_type: 'Bearer', access_token, expires_in } as const;
      return { session_id, ...tokens, ...(refresh_token === null ? {} : { refresh_token }) };
    }
    cookies.set(res, 'access', access_token, remaining); // longer than the token itself: a log-out may need it
    if (refresh_token !== null) cookies.set(res, 'refresh', refresh_token, remaining);
    return { session_id, expires_in };
  };
}

/**
 * Throws a `SetupError` where the tokens could no longer reach the client: the old session would be ended for nothing.
 */
export function assertUnsent(res: ServerResponse, call: string): void {
  if (!res.headersSent) return;
  throw new SetupError(
    `\`${call}\` was called after the headers were sent, so that no cookie can be set.`,
    'Call it before anything of the answer is written.',
  );
}

/** RFC 6749 5.1 asks for both headers wherever credentials are answered. */
export function noStore(res: ServerResponse): void {
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Pragma', 'no-cache');
}
