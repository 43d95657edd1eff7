import { createSecretKey, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { SECRET } from './serve.mjs';

const key = createSecretKey(Buffer.from(SECRET)); // made once: with a string, each check would take 430 µs
const issuer = 'https://app.example';
const options = { algorithms: ['HS256'], issuer, audience: issuer };

/** A token of the form that stepgate's have, so that all read as much. */
export function issue(userId, sessionId) {
  const jti = randomBytes(32).toString('base64url');
  const claims = { sub: userId, jti, sid: sessionId, auth_time: Math.floor(Date.now() / 1_000), amr: ['pwd'] };
  const header = { typ: 'at+jwt', kid: 'abcdefgh' };
  return jwt.sign(claims, key, { algorithm: 'HS256', issuer, audience: issuer, expiresIn: '12h', header });
}

/** The claims of the request's token; null for none, and for one that is no good. */
export function verify(req) {
  const { authorization } = req.headers;
  if (authorization === undefined || !authorization.startsWith('Bearer ')) return null;
  try {
    return jwt.verify(authorization.slice(7), key, options);
  } catch {
    return null;
  }
}
