import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseSecrets } from '../../lib/internal/keys.js';
import { encode, hashToken, newId } from '../../lib/internal/tokens.js';
import { type AccessTokenOptions, createAccessTokens } from '../../lib/session/access-token.js';
import type { SessionRow } from '../../lib/stores/contract/sessions.js';
import { readJwt, segment, signed } from '../tokens/jwt.js';

const NOW = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const SECRETS = { old: 'the old secret, 32 bytes or more..', new: 'the new secret, 32 bytes or more..' };
const TOKEN = new Uint8Array(randomBytes(32));

const accessTokens = (options: Partial<AccessTokenOptions> = {}) =>
  createAccessTokens({
    secrets: parseSecrets(SECRETS.old),
    issuer: 'https://app.example',
    audience: 'https://api.app.example',
    accessTokenLifetime: 10 * MINUTE,
    ...options,
  });

const row: SessionRow = {
  id: newId(),
  userId: 'ada',
  delivery: 'bearer',
  createdAt: NOW - HOUR,
  authenticatedAt: NOW - HOUR - SECOND,
  lastSeenAt: NOW,
  idleExpiresAt: NOW + HOUR,
  expiresAt: NOW + 2 * HOUR,
  userAgent: null,
  ip: null,
  label: null,
  data: null,
  tokenHash: hashToken(TOKEN),
  previousTokenHash: null,
  tokenNonce: null,
  tokenMethod: null,
  tokenIssuedAt: NOW,
  tokenConfirmedAt: NOW,
  refreshHash: null,
  parentRefreshHash: null,
  refreshNonce: null,
  refreshedAt: null,
  refreshConfirmedAt: null,
  amr: ['pwd', 'otp', 'mfa'],
  acr: 'phr',
  generation: 0,
  passedMethods: [],
  idleLifetime: null,
  persistent: true,
  restricted: false,
  impersonator: null,
  signInProofs: {},
  stepUpProofs: {},
};

describe('an access token', () => {
  it('has the header and the claims of RFC 9068 for a session, and no more', () => {
    const { header, claims } = readJwt(accessTokens().issue(row, TOKEN, NOW + 999));
    assert.deepEqual(header, { alg: 'HS256', typ: 'at+jwt', kid: parseSecrets(SECRETS.old)[0].id });
    assert.deepEqual(claims, {
      iss: 'https://app.example',
      aud: 'https://api.app.example',
      sub: 'ada',
      iat: NOW / SECOND,
      exp: (NOW + 10 * MINUTE) / SECOND,
      jti: encode(TOKEN),
      sid: row.id,
      auth_time: (NOW - HOUR - SECOND) / SECOND,
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'phr',
    });
  });

  it('has no acr when the sign-in has none', () => {
    assert.ok(!('acr' in readJwt(accessTokens().issue({ ...row, acr: null }, TOKEN, NOW)).claims));
  });

  it('gives back whose session it is for', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 255, unit: 'binary' }), (userId) => {
        const token = accessTokens().issue({ ...row, userId }, TOKEN, NOW);
        const outcome = accessTokens().verify(token, NOW);
        assert.ok(outcome.outcome === 'valid');
        assert.equal(outcome.userId, userId);
        assert.equal(outcome.sessionId, row.id);
        assert.deepEqual(new Uint8Array(outcome.token), TOKEN);
      }),
    );
  });

  it('expires at its end, and then still says whose it was', () => {
    const token = accessTokens().issue(row, TOKEN, NOW);
    assert.equal(accessTokens().verify(token, NOW + 10 * MINUTE - 1).outcome, 'valid');
    const { outcome, ...claims } = accessTokens().verify(token, NOW + 10 * MINUTE);
    assert.equal(outcome, 'expired');
    assert.deepEqual(claims, { token: Buffer.from(TOKEN), userId: 'ada', sessionId: row.id });
  });

  it('that a clock a year ahead has made has expired once the clock is right, and still says whose it was', () => {
    const year = 365 * 24 * HOUR;
    const ahead = accessTokens().issue({ ...row, expiresAt: NOW + 2 * year }, TOKEN, NOW + year);
    assert.equal(accessTokens().verify(ahead, NOW + year).outcome, 'valid');
    const { outcome, ...claims } = accessTokens().verify(ahead, NOW);
    assert.equal(outcome, 'expired');
    assert.deepEqual(claims, { token: Buffer.from(TOKEN), userId: 'ada', sessionId: row.id });
  });

  it('that another machine has made, whose clock is at most a lifetime ahead, is good', () => {
    const made = accessTokens().issue(row, TOKEN, NOW + 10 * MINUTE);
    assert.equal(accessTokens().verify(made, NOW).outcome, 'valid');
    assert.equal(accessTokens().verify(made, NOW - SECOND).outcome, 'expired');
  });

  it('never outlives its session', () => {
    const late = row.expiresAt - 90_500;
    assert.equal(readJwt(accessTokens().issue(row, TOKEN, late)).claims['exp'], row.expiresAt / SECOND);
    const odd = { ...row, expiresAt: row.expiresAt + 999 };
    assert.equal(readJwt(accessTokens().issue(odd, TOKEN, late)).claims['exp'], row.expiresAt / SECOND);
  });

  it('is signed by the first secret and verified by each', () => {
    const both = accessTokens({ secrets: parseSecrets([SECRETS.new, SECRETS.old]) });
    const old = accessTokens().issue(row, TOKEN, NOW);
    assert.equal(both.verify(old, NOW).outcome, 'valid');
    const made = both.issue(row, TOKEN, NOW);
    assert.equal(readJwt(made).header['kid'], parseSecrets(SECRETS.new)[0].id);
    assert.equal(accessTokens().verify(made, NOW).outcome, 'invalid');
    assert.equal(accessTokens({ secrets: parseSecrets(SECRETS.new) }).verify(old, NOW).outcome, 'invalid');
  });

  it('is for one issuer and one audience', () => {
    const token = accessTokens().issue(row, TOKEN, NOW);
    assert.equal(accessTokens({ issuer: 'https://other.example' }).verify(token, NOW).outcome, 'invalid');
    assert.equal(accessTokens({ audience: 'https://app.example' }).verify(token, NOW).outcome, 'invalid');
  });

  it('is invalid once a character of it is another, is gone, or is there twice', () => {
    const token = accessTokens().issue(row, TOKEN, NOW);
    const verify = (text: string): string => accessTokens().verify(text, NOW).outcome;
    fc.assert(
      fc.property(fc.nat({ max: token.length - 1 }), fc.string({ maxLength: 2 }), (at, text) => {
        fc.pre(text !== token[at]);
        assert.equal(verify(token.slice(0, at) + text + token.slice(at + 1)), 'invalid');
      }),
    );
    for (let length = 0; length < token.length; length += 1) assert.equal(verify(token.slice(0, length)), 'invalid');
  });

  it('is invalid when it is none at all', () => {
    fc.assert(fc.property(fc.string(), (text) => accessTokens().verify(text, NOW).outcome === 'invalid'));
  });

  it('is looked at up to 4,096 characters, which the longest of ours does not reach', () => {
    const longest = accessTokens().issue({ ...row, userId: '\u0001'.repeat(255) }, TOKEN, NOW);
    assert.ok(longest.length < 4_096);
    assert.equal(accessTokens().verify(longest, NOW).outcome, 'valid');

    const { parts, claims } = readJwt(accessTokens().issue(row, TOKEN, NOW));
    const key = parseSecrets(SECRETS.old)[0].key('access token');
    const padded = (length: number): string => signed(parts[0], segment({ ...claims, more: 'x'.repeat(length) }), key);
    assert.equal(accessTokens().verify(padded(2_000), NOW).outcome, 'valid');
    assert.equal(accessTokens().verify(padded(4_000), NOW).outcome, 'invalid');
  });
});
