import type { ServerResponse } from 'node:http';
import { SetupError } from '../internal/setup-error.js';
import { encode } from '../internal/tokens.js';
import type { Services } from '../services.js';
import type { SessionWithTokens } from '../session/sessions.js';
import type { SignedInJson } from '../wire.js';

/**
 * What goes into the body beside the headers, by the session's delivery: with cookies no token, so that no script of a
 * page ever sees one.
 */
export type SignedInBody = SignedInJson;

/** Hands a session's tokens to its client by the session's delivery: sets headers, gives the body, ends nothing. */
export type Deliver = (res: ServerResponse, session: SessionWithTokens) => SignedInBody;

export function createDeliver({
  cookies,
  accessTokens,
  clock,
}: Pick<Services, 'cookies' | 'accessTokens' | 'clock'>): Deliver {
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
