import { randomBytes } from 'node:crypto';
import type { Secret, Secrets } from '../internal/keys.js';
import { encode, equal, hashToken, ID_BYTES, keyedHash, TOKEN_BYTES, type TokenHash } from '../internal/tokens.js';

/**
 * A refresh token is `session id ‖ 32-byte secret ‖ 16-byte tag`. The tag is a keyed hash of the rest, so that any
 * token that was ever issued can be told from a forgery without being stored.
 */
export interface RefreshToken {
  readonly sessionId: string;
  readonly bytes: Uint8Array;
  readonly hash: TokenHash;
}

/** A refresh token with the session token that is derived from it. */
export interface TokenPair {
  readonly refreshToken: RefreshToken;
  readonly token: Uint8Array;
}

export interface RefreshTokens {
  /** A pair for a new session. */
  issue(sessionId: string): TokenPair;
  /** Null for a forgery, whatever is wrong with it. */
  read(value: unknown): RefreshToken | null;
  /** The same pair for everybody who presents the same token with the same nonce. */
  successor(presented: RefreshToken, nonce: string): TokenPair;
  /** The successor that has this hash, made with whichever secret; null when that secret is gone. */
  recoverSuccessor(presented: RefreshToken, nonce: string, hash: TokenHash): TokenPair | null;
  /** Another session token for the same refresh token. */
  renewedToken(refreshToken: RefreshToken, nonce: string): Uint8Array;
  /** The session token that came with a refresh token, with this nonce if it was a renewed one, if it has this hash. */
  recoverSessionToken(refreshToken: RefreshToken, nonce: string | null, hash: TokenHash): Uint8Array | null;
}

const TAG_BYTES = 16;
const TOKEN = /^[A-Za-z0-9_-]{85}[AQgw]$/; // base64url of 64 bytes, in its one spelling

/** The keys of one secret. What another process made may come from any secret that is still configured. */
interface RefreshKeys {
  readonly tag: Uint8Array;
  readonly rotation: Uint8Array;
  readonly sessionToken: Uint8Array;
}

export function createRefreshTokens([first, ...older]: Secrets): RefreshTokens {
  const current = keysOf(first);
  const all = [current, ...older.map(keysOf)];
  return {
    issue: (sessionId) => pairOf(current, seal(current, sessionId, randomBytes(TOKEN_BYTES))),
    read(value) {
      if (typeof value !== 'string' || !TOKEN.test(value)) return null;
      const bytes = Buffer.from(value, 'base64url');
      const body = bytes.subarray(0, ID_BYTES + TOKEN_BYTES);
      const tag = bytes.subarray(ID_BYTES + TOKEN_BYTES);
      if (!all.some((keys) => equal(tag, tagOf(keys, body)))) return null;
      return { sessionId: encode(bytes.subarray(0, ID_BYTES)), bytes, hash: hashToken(bytes) };
    },
    successor: (presented, nonce) => successorBy(current, presented, nonce),
    recoverSuccessor(presented, nonce, hash) {
      for (const keys of all) {
        const pair = successorBy(keys, presented, nonce);
        if (pair.refreshToken.hash === hash) return pair;
      }
      return null;
    },
    renewedToken: (refreshToken, nonce) => sessionTokenOf(current, refreshToken, nonce),
    recoverSessionToken(refreshToken, nonce, hash) {
      const tokens = all.map((keys) => sessionTokenOf(keys, refreshToken, nonce));
      return tokens.find((token) => hashToken(token) === hash) ?? null;
    },
  };
}

function keysOf(secret: Secret): RefreshKeys {
  return {
    tag: secret.key('refresh tag'),
    rotation: secret.key('rotation'),
    sessionToken: secret.key('session token'),
  };
}

function successorBy(keys: RefreshKeys, presented: RefreshToken, nonce: string): TokenPair {
  const secret = keyedHash(keys.rotation, Buffer.concat([Buffer.from(nonce, 'base64url'), presented.bytes]));
  return pairOf(keys, seal(keys, presented.sessionId, secret));
}

function pairOf(keys: RefreshKeys, refreshToken: RefreshToken): TokenPair {
  return { refreshToken, token: sessionTokenOf(keys, refreshToken, null) };
}

/** A refresh token has one length, so that no nonce can be taken for a part of it. */
function sessionTokenOf(keys: RefreshKeys, refreshToken: RefreshToken, nonce: string | null): Uint8Array {
  return keyedHash(keys.sessionToken, Buffer.concat([refreshToken.bytes, Buffer.from(nonce ?? '', 'base64url')]));
}

function seal(keys: RefreshKeys, sessionId: string, secret: Uint8Array): RefreshToken {
  const body = Buffer.concat([Buffer.from(sessionId, 'base64url'), secret]);
  const bytes = Buffer.concat([body, tagOf(keys, body)]);
  return { sessionId, bytes, hash: hashToken(bytes) };
}

function tagOf(keys: RefreshKeys, body: Uint8Array): Uint8Array {
  return keyedHash(keys.tag, body).subarray(0, TAG_BYTES);
}
