import { createSecretKey, type KeyObject } from 'node:crypto';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import { isBeyond } from '../internal/clock.js';
import type { Secret, Secrets } from '../internal/keys.js';
import { decodeToken, encode, isId } from '../internal/tokens.js';
import type { SessionRow } from '../stores/contract/sessions.js';

/** What an access token says once it is verified. */
export interface AccessTokenClaims {
  /** The session token, out of `jti`. */
  readonly token: Uint8Array;
  readonly userId: string;
  readonly sessionId: string;
}

export type AccessTokenOutcome =
  | ({ readonly outcome: 'valid' | 'expired' } & AccessTokenClaims)
  | { readonly outcome: 'invalid' };

export interface AccessTokens {
  issue(row: SessionRow, token: Uint8Array, now: number): string;
  /** When a token that is issued now ends, in milliseconds: at a whole second, and never after its session. */
  endOf(row: SessionRow, now: number): number;
  verify(token: string, now: number): AccessTokenOutcome;
}

export interface AccessTokenOptions {
  readonly secrets: Secrets;
  readonly issuer: string;
  readonly audience: string;
  /** Milliseconds. */
  readonly accessTokenLifetime: number;
}

/** The longest access token that is looked at; ours have about 600 characters, with a user id of 255 about 1,000. */
const MAX_LENGTH = 4_096;

/** Access tokens: RFC 9068 JWTs, `typ: at+jwt`, HS256. */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { secrets, issuer, audience, accessTokenLifetime: lifetime } = options;
  // We accept our own tokens only, so a header has to be one of the few that we write, to the letter. That leaves no
  // room for `alg` confusion, an embedded `jwk`, `crit` or a `kid` that means something (RFC 8725 3.1 to 3.11).
  const byHeader = new Map<string, KeyObject>();
  for (const secret of secrets) byHeader.set(encodedHeader(secret.id), keyOf(secret));
  const [first] = secrets;
  const signingKey = keyOf(first);
  const header = headerOf(first.id);

  const expOf = (row: SessionRow, now: number): number =>
    Math.min(Math.floor(now / 1_000) + Math.floor(lifetime / 1_000), Math.floor(row.expiresAt / 1_000));

  return {
    endOf: (row, now) => expOf(row, now) * 1_000,
    issue(row, token, now) {
      const claims = {
        iss: issuer,
        aud: audience,
        sub: row.userId,
        iat: Math.floor(now / 1_000),
        exp: expOf(row, now),
        jti: encode(token),
        sid: row.id,
        auth_time: Math.floor(row.authenticatedAt / 1_000),
        amr: row.amr,
        ...(row.acr === null ? {} : { acr: row.acr }),
      };
      return jwt.sign(claims, signingKey, { algorithm: 'HS256', header });
    },
    verify(token, now) {
      if (token.length > MAX_LENGTH || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return { outcome: 'invalid' };
      const key = byHeader.get(token.slice(0, token.indexOf('.')));
      if (key === undefined) return { outcome: 'invalid' };
      try {
        const payload = jwt.verify(token, key, {
          algorithms: ['HS256'],
          issuer,
          audience,
          clockTimestamp: now / 1_000,
          ignoreExpiration: true, // what an expired token says is asked for, too
        });
        return typeof payload === 'string' ? { outcome: 'invalid' } : claimsOf(payload, lifetime, now);
      } catch {
        return { outcome: 'invalid' };
      }
    },
  };
}

function keyOf(secret: Secret): KeyObject {
  return createSecretKey(secret.key('access token'));
}

/** Of a token with a good signature, so that only a holder of our key can have written it. */
function claimsOf({ sub, jti, exp, nbf, sid }: JwtPayload, lifetime: number, now: number): AccessTokenOutcome {
  const token = decodeToken(jti);
  if (nbf !== undefined) return { outcome: 'invalid' }; // we write none, and so needn't judge one
  if (token === null || typeof sub !== 'string' || !isId(sid) || typeof exp !== 'number') return { outcome: 'invalid' };
  const end = exp * 1_000;
  const over = now >= end || isBeyond(end, lifetime, now);
  return { outcome: over ? 'expired' : 'valid', token, userId: sub, sessionId: sid };
}

function headerOf(kid: string): { alg: 'HS256'; typ: 'at+jwt'; kid: string } {
  return { alg: 'HS256', typ: 'at+jwt', kid };
}

/** The first segment of a token as jsonwebtoken writes it for this header. */
function encodedHeader(kid: string): string {
  const segment = jwt.sign({}, 'x', { algorithm: 'HS256', header: headerOf(kid) }).split('.')[0];
  if (segment === undefined) throw new Error('jsonwebtoken made a token without a header.');
  return segment;
}
