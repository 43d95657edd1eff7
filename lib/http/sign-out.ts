import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeToken } from '../internal/tokens.js';
import type { Services } from '../services.js';
import type { Delivery } from '../stores/contract/sessions.js';
import { anonymous } from './authenticate.js';
import { parseCredential } from './credentials.js';

/**
 * Ends the session that the request belongs to, by any genuine credential of it: the current or the previous session
 * token, an access token even if expired, a refresh token of any generation; an admin who acts as a user ends the own one, too. Clears our cookies, those of the
 * deliveries in use. Anything else ends nothing and isn't an error. Rejects with a `Refusal` when the store fails; the cookies are kept then.
 */
export type SignOut = (req: IncomingMessage, res: ServerResponse, refreshToken?: unknown) => Promise<void>;

export function createSignOut({
  cookies,
  accessTokens,
  refreshTokens,
  sessions,
  states,
  wwwAuthenticate,
  clock,
}: Pick<
  Services,
  'cookies' | 'accessTokens' | 'refreshTokens' | 'sessions' | 'states' | 'wwwAuthenticate' | 'clock'
>): SignOut {
  async function byAccessToken(value: string, delivery: Delivery): Promise<void> {
    const claims = accessTokens.verify(value, clock.now());
    if (claims.outcome === 'invalid') return;
    const row = await sessions.get(claims.sessionId);
    if (row?.delivery === delivery) await sessions.revoke(row.id, claims.userId, 'sign-out');
  }

  async function byRefreshToken(value: unknown, delivery: Delivery): Promise<void> {
    const refreshToken = refreshTokens.read(value);
    if (refreshToken === null) return;
    const row = await sessions.get(refreshToken.sessionId);
    if (row?.delivery === delivery) await sessions.revoke(row.id, null, 'sign-out');
  }

  return async function signOut(req, res, refreshToken) {
    const credential = parseCredential(req, cookies, null);
    if (credential.kind === 'access-token' && credential.delivery === 'bearer') {
      await byAccessToken(credential.value, 'bearer');
    }
    // With several cookies we can't tell which is planted; all that are genuine end.
    for (const value of cookies.all(req, 'session')) {
      const token = decodeToken(value);
      if (token !== null) await sessions.revokeByToken(token, { delivery: 'cookie' }, 'sign-out');
    }
    for (const value of cookies.all(req, 'access')) await byAccessToken(value, 'token-cookies');
    for (const value of cookies.all(req, 'refresh')) await byRefreshToken(value, 'token-cookies');
    if (cookies.deliveries.has('bearer')) await byRefreshToken(refreshToken, 'bearer');
    const returnTokens = cookies.all(req, 'return');
    for (const value of returnTokens) {
      const token = decodeToken(value);
      if (token !== null) await sessions.revokeByReturnToken(token, 'sign-out');
    }
    cookies.clear(res);
    if (returnTokens.length > 0 && !res.headersSent) cookies.clearOne(res, 'return');
    states.set(req, anonymous(wwwAuthenticate.sessionRequired));
  };
}
