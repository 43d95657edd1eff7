import type { IncomingMessage } from 'node:http';
import type { Delivery } from '../stores/contract/sessions.js';
import type { Cookies } from './cookies.js';

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
export function readCredential(req: IncomingMessage, cookies: Cookies, apiKeyPrefix: string | null): Credential {
  const bearer = bearerToken(req);
  if (bearer !== null) {
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

/** What follows `Bearer`, '' if nothing does; null for another scheme or no header (RFC 6750 2.1). */
function bearerToken(req: IncomingMessage): string | null {
  const { authorization } = req.headers;
  const match = authorization === undefined ? null : /^bearer(?: +(.*))?$/i.exec(authorization);
  return match === null ? null : (match[1] ?? '');
}

/** Whether a browser adds the credential by itself, so that another site could use it. */
export function isAmbient(credential: Credential): boolean {
  return credential.kind === 'conflicting' || ('delivery' in credential && credential.delivery !== 'bearer');
}
