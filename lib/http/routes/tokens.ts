import type { IncomingMessage } from 'node:http';
import type { RefusedReason } from '../../events.js';
import type { Services } from '../../services.js';
import type { RefreshToken } from '../../session/refresh-token.js';
import type { Delivery } from '../../stores/contract/sessions.js';
import { sentFrom } from '../client.js';
import { Refusal } from '../refusal.js';
import { parseFields, type RouteTable, sendJson, sendNothing } from '../router.js';

/**
 * Where tokens are renewed, which sessions that the app keeps have none of, and where a session ends by whichever
 * credential is left of it.
 */
export function tokenRoutes({
  settings,
  cookies,
  accessTokens,
  refreshTokens,
  refresh,
  deliver,
  signOut,
  clock,
  emit,
  wwwAuthenticate,
}: Pick<
  Services,
  | 'settings'
  | 'cookies'
  | 'accessTokens'
  | 'refreshTokens'
  | 'refresh'
  | 'deliver'
  | 'signOut'
  | 'clock'
  | 'emit'
  | 'wwwAuthenticate'
>): RouteTable {
  function invalid(
    req: IncomingMessage,
    reason: RefusedReason,
    about: { readonly sessionId?: string; readonly userId?: string } = {},
  ): Refusal {
    emit({ type: 'session.refused', reason, ...about, ...sentFrom(req) });
    return new Refusal('refresh_invalid', { headers: { 'WWW-Authenticate': wwwAuthenticate.invalidToken } });
  }

  /** The refresh token by the way it came, which has to be its session's delivery. */
  function presented(req: IncomingMessage): { refreshToken: RefreshToken; delivery: Delivery } {
    const { refresh_token: inBody } = parseFields(req, ['refresh_token']);
    if (inBody !== undefined && !cookies.deliveries.has('bearer')) {
      throw new Refusal('request_invalid', { detail: 'This app takes no refresh token in the body.' });
    }
    const { values, conflicting } = cookies.read(req);
    if (inBody === undefined && values.refresh === undefined) throw new Refusal('refresh_missing');
    if (conflicting || (inBody !== undefined && values.refresh !== undefined))
      throw invalid(req, 'several-credentials');
    const refreshToken = refreshTokens.read(inBody ?? values.refresh);
    if (refreshToken === null) throw invalid(req, 'malformed');
    if (inBody !== undefined) return { refreshToken, delivery: 'bearer' };
    if (values.access !== undefined && !belongTogether(values.access, refreshToken)) {
      throw invalid(req, 'session-mismatch', { sessionId: refreshToken.sessionId });
    }
    return { refreshToken, delivery: 'token-cookies' };
  }

  /** A refresh cookie that was planted beside somebody's access cookie would switch the session unseen. */
  function belongTogether(accessCookie: string, refreshToken: RefreshToken): boolean {
    const claims = accessTokens.verify(accessCookie, clock.now());
    return claims.outcome === 'invalid' || claims.sessionId === refreshToken.sessionId;
  }

  const ending: RouteTable = {
    '/logout': {
      async post(req, res) {
        await signOut(req, res, parseFields(req, ['refresh_token']).refresh_token);
        sendNothing(res);
      },
    },
  };
  if (settings.session !== null) return ending;
  return {
    ...ending,
    '/token/refresh': {
      async post(req, res) {
        const { refreshToken, delivery } = presented(req);
        const answer = await refresh(refreshToken, delivery, sentFrom(req));
        const { sessionId } = refreshToken;
        if (answer.outcome === 'reused') throw invalid(req, 'replaced', { sessionId });
        if (answer.outcome === 'refused') {
          const { row, reason } = answer;
          throw invalid(req, reason, { sessionId, ...(row === null ? {} : { userId: row.userId }) });
        }
        sendJson(res, 200, deliver(res, answer));
      },
    },
  };
}
