import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../internal/clock.js';
import type { AccessTokens } from '../session/access-token.js';
import type { RefreshTokens } from '../session/refresh-token.js';
import type { Sessions } from '../session/sessions.js';
import { decodeToken } from '../session/tokens.js';
import type { Delivery } from '../stores/contract/sessions.js';
import { anonymous } from './authenticate.js';
import type { Cookies } from './cookies.js';
import { readCredential } from './credential.js';
import type { RequestStates } from './request-auth.js';

/**
 * Ends the session that the request belongs to, by any genuine credential of it: the current or the previous session
 * token, an access token even if expired, a refresh token of any generation. Clears our cookies, those of the
 * deliveries in use. Anything else ends nothing and isn't an error. Rejects with a `Refusal` when the store fails; the cookies are kept then.
 */
export type SignOut = (req: IncomingMessage, res: ServerResponse, refreshToken?: unknown) => Promise<void>;

export interface SignOutDeps {
  readonly cookies: Cookies;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly sessions: Sessions;
  readonly states: RequestStates;
  readonly clock: Clock;
  readonly sessionRequired: string;
}

export function createSignOut(deps: SignOutDeps): SignOut {
  const { cookies, accessTokens, refreshTokens, sessions, states, clock, sessionRequired } = deps;

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
    const credential = readCredential(req, cookies, null);
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
    cookies.clear(res);
    states.set(req, anonymous(sessionRequired));
  };
}
