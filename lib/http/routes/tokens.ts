import type { IncomingMessage } from 'node:http';
import type { Emit, RefusedReason } from '../../events.js';
import type { Clock } from '../../internal/clock.js';
import type { AccessTokens } from '../../session/access-token.js';
import type { createRefresh } from '../../session/refresh.js';
import type { RefreshToken, RefreshTokens } from '../../session/refresh-token.js';
import type { Delivery } from '../../stores/contract/sessions.js';
import { clientAddress } from '../client.js';
import type { Cookies } from '../cookies.js';
import type { Deliver } from '../deliver.js';
import { readFields } from '../json-body.js';
import { Refusal, sendJson, sendNothing } from '../refusal.js';
import type { RouteTable } from '../router.js';
import type { SignOut } from '../sign-out.js';

export interface TokenRoutesDeps {
  readonly cookies: Cookies;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly refresh: ReturnType<typeof createRefresh>;
  readonly deliver: Deliver;
  readonly signOut: SignOut;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly invalidToken: string;
}

/** Where tokens are renewed, and where a session ends by whichever credential is left of it. */
export function tokenRoutes(deps: TokenRoutesDeps): RouteTable {
  const { cookies, accessTokens, refreshTokens, refresh, deliver, signOut, clock, emit, invalidToken } = deps;

  function invalid(
    req: IncomingMessage,
    reason: RefusedReason,
    about: { readonly sessionId?: string; readonly userId?: string } = {},
  ): Refusal {
    const ip = clientAddress(req);
    emit({
      type: 'session.refused',
      reason,
      ...about,
      ...(ip === null ? {} : { ip }),
    });
    return new Refusal('refresh_invalid', { headers: { 'WWW-Authenticate': invalidToken } });
  }

  /** The refresh token by the way it came, which has to be its session's delivery. */
  function presented(req: IncomingMessage): { refreshToken: RefreshToken; delivery: Delivery } {
    const { refresh_token: inBody } = readFields(req, ['refresh_token']);
    if (inBody !== undefined && !cookies.deliveries.has('bearer')) {
      throw new Refusal('request_invalid', { detail: 'This app takes no refresh token in the body.' });
    }
    const { values, several } = cookies.read(req);
    if (inBody === undefined && values.refresh === undefined) throw new Refusal('refresh_missing');
    if (several || (inBody !== undefined && values.refresh !== undefined)) throw invalid(req, 'several-credentials');
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

  return {
    '/token/refresh': {
      async post(req, res) {
        const { refreshToken, delivery } = presented(req);
        const ip = clientAddress(req);
        const answer = await refresh(refreshToken, delivery, ip === null ? {} : { ip });
        const { sessionId } = refreshToken;
        if (answer.outcome === 'reused') throw invalid(req, 'replaced', { sessionId });
        if (answer.outcome === 'refused') {
          const { row, reason } = answer;
          throw invalid(req, reason, { sessionId, ...(row === null ? {} : { userId: row.userId }) });
        }
        sendJson(res, 200, deliver(res, answer));
      },
    },
    '/logout': {
      async post(req, res) {
        await signOut(req, res, readFields(req, ['refresh_token']).refresh_token);
        sendNothing(res);
      },
    },
  };
}
