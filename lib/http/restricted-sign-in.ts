import type { IncomingMessage } from 'node:http';
import { decodeToken } from '../internal/tokens.js';
import type { Services } from '../services.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import { parseCredential } from './credentials.js';
import { Refusal } from './refusal.js';

/**
 * Rejects with a `Refusal` for a request that carries an API key or a restricted session, whichever of its tokens is left:
 * what can only ask for approvals would else make itself a session without that bound.
 */
export type RefuseRestrictedSignIn = (req: IncomingMessage) => Promise<void>;

export function createRefuseRestrictedSignIn({
  settings: { apiKeys },
  cookies,
  accessTokens,
  refreshTokens,
  sessions,
  clock,
}: Pick<
  Services,
  'settings' | 'cookies' | 'accessTokens' | 'refreshTokens' | 'sessions' | 'clock'
>): RefuseRestrictedSignIn {
  async function byAccessToken(value: string): Promise<SessionRow | null> {
    const claims = accessTokens.verify(value, clock.now());
    return claims.outcome === 'invalid' ? null : sessions.get(claims.sessionId);
  }

  async function bySessionToken(value: string): Promise<SessionRow | null> {
    const token = decodeToken(value);
    const found = token === null ? null : await sessions.find(token, { delivery: 'cookie', passive: true });
    return found?.row ?? null;
  }

  async function byRefreshToken(value: string): Promise<SessionRow | null> {
    const token = refreshTokens.read(value);
    return token === null ? null : sessions.get(token.sessionId);
  }

  return async (req) => {
    const credential = parseCredential(req, cookies, apiKeys?.prefix ?? null);
    if (credential.kind === 'api-key') throw new Refusal('api_key_refused');
    const bearer = credential.kind === 'access-token' && credential.delivery === 'bearer' ? [credential.value] : [];
    const rows = await Promise.all([
      ...bearer.map(byAccessToken),
      ...cookies.all(req, 'session').map(bySessionToken),
      ...cookies.all(req, 'access').map(byAccessToken),
      ...cookies.all(req, 'refresh').map(byRefreshToken),
    ]);
    if (rows.some((row) => row?.restricted === true)) throw new Refusal('restricted');
  };
}
