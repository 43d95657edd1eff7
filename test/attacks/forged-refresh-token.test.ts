import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, it } from '@jest/globals';
import { parseSecrets } from '../../lib/internal/keys.js';
import { encode } from '../../lib/internal/tokens.js';
import { createRefreshTokens } from '../../lib/session/refresh-token.js';
import { codeOf, type TokenAnswer, type TokenApp, tokenApp } from '../tokens/app.js';

type Forge = (genuine: Buffer, other: Buffer, sessionId: string) => Buffer;

const ID = 16;
const TAG = 48; // where it begins

const joined = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);
const flipped = (bytes: Buffer, at: number): Buffer =>
  joined(bytes.subarray(0, at), Buffer.of((bytes[at] ?? 0) ^ 1), bytes.subarray(at + 1));

/** If a forgery were taken for an old token, anybody who knows a session id could end the session by "theft". */
const forgeries: Readonly<Record<string, Forge>> = {
  'a random tag': (genuine) => joined(genuine.subarray(0, TAG), randomBytes(16)),
  'a tag of zeros': (genuine) => joined(genuine.subarray(0, TAG), Buffer.alloc(16)),
  'a bit flipped in the tag': (genuine) => flipped(genuine, 63),
  'a bit flipped in the secret': (genuine) => flipped(genuine, 20),
  'a bit flipped in the session id': (genuine) => flipped(genuine, 0),
  'the id of another session': (genuine, other) => joined(other.subarray(0, ID), genuine.subarray(ID)),
  'the id and the tag of another session': (genuine, other) =>
    joined(other.subarray(0, ID), genuine.subarray(ID, TAG), other.subarray(TAG)),
  'the secret of another session': (genuine, other) =>
    joined(genuine.subarray(0, ID), other.subarray(ID, TAG), genuine.subarray(TAG)),
  'the id of a session and random bytes': (genuine) => joined(genuine.subarray(0, ID), randomBytes(48)),
  'the right form under another secret of the app': (_genuine, _other, sessionId) => {
    const foreign = createRefreshTokens(parseSecrets('a secret of the forger, 32 bytes or more'));
    return Buffer.from(foreign.issue(sessionId).refreshToken.bytes);
  },
  'the last byte missing': (genuine) => genuine.subarray(0, 63),
  'the tag missing': (genuine) => genuine.subarray(0, TAG),
  'the session id alone': (genuine) => genuine.subarray(0, ID),
  'a byte more': (genuine) => joined(genuine, Buffer.of(0)),
};

describe('a forged refresh token', () => {
  let app: TokenApp;
  let victim: TokenAnswer;
  let forger: TokenAnswer;
  const bytesOf = ({ refresh_token }: TokenAnswer): Buffer => Buffer.from(refresh_token, 'base64url');

  beforeAll(async () => {
    app = tokenApp();
    victim = await app.signIn('victim');
    forger = await app.signIn('forger');
    app.clock.advance('1h');
    app.events.length = 0;
  });

  for (const [what, forge] of Object.entries(forgeries)) {
    it(`is refused and revokes nothing: ${what}`, async () => {
      const forged = encode(forge(bytesOf(victim), bytesOf(forger), victim.session_id));
      assert.equal(codeOf(await app.refresh(forged).expect(401)), 'refresh_invalid');
      const res = await app.http.post('/auth/token/refresh').set('Cookie', `__Host-refresh=${forged}`).expect(401);
      assert.equal(codeOf(res), 'refresh_invalid');
      await app.http.post('/auth/logout').send({ refresh_token: forged }).expect(204);
    });
  }

  it('has left both sessions as they were', async () => {
    const reasons = new Set(app.events.map((event) => event.type === 'session.refused' && event.reason));
    assert.deepEqual([...reasons], ['malformed']);
    for (const pair of [victim, forger]) await app.refresh(pair.refresh_token).expect(200);
  });
});
