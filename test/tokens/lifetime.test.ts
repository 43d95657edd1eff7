import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { forRules } from '../support/stores.js';
import { codeOf, cookieHeader, cookiesOf, opened, type TokenAnswer, type TokenApp, tokenApp } from './app.js';
import { readJwt } from './jwt.js';

const SECOND = 1_000;
const HOUR = 3_600_000;

/** What must not change in a session's life, as it is written in the token and in the store. */
async function constantsOf(app: TokenApp, { access_token, session_id }: TokenAnswer): Promise<string> {
  const { sub, sid, iss, aud, auth_time, amr, acr } = readJwt(access_token).claims;
  const session = await app.auth.sessions.get(session_id);
  assert.ok(session !== null);
  const { id, userId, delivery, createdAt, authenticatedAt, expiresAt, userAgent, ip, label, data } = session;
  return JSON.stringify([
    { sub, sid, iss, aud, auth_time, amr, acr },
    { id, userId, delivery, createdAt, authenticatedAt, expiresAt, userAgent, ip, label, data },
  ]);
}

describe('the life of a session', () => {
  forRules((_name, makeStore) => {
    it('keeps who, since when and until when through 20 refreshes', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      let pair = await app.signIn();
      const before = await constantsOf(app, pair);
      const signedInAt = app.clock.now();
      const tokens = new Set([readJwt(pair.access_token).jti]);
      for (let refresh = 1; refresh <= 20; refresh += 1) {
        app.clock.advance('1h');
        pair = (await app.refresh(pair.refresh_token).expect(200)).body;
        tokens.add(readJwt(pair.access_token).jti);
        const { body } = await app.me(pair.access_token).expect(200);
        assert.deepEqual(body.proofs, [{ method: 'password', verifiedAt: signedInAt }]);
        assert.equal(readJwt(pair.access_token).claims['iat'], app.clock.now() / SECOND);
      }
      assert.equal(await constantsOf(app, pair), before);
      assert.equal(readJwt(pair.access_token).claims['auth_time'], signedInAt / SECOND);
      assert.deepEqual(readJwt(pair.access_token).claims['amr'], ['pwd']);
      assert.equal(tokens.size, 21);
    });

    it('ends at its absolute end, however often it is refreshed and used', async () => {
      const app = tokenApp({ store: await opened(makeStore), absoluteLifetime: '8h', idleLifetime: '1h' });
      const endsAt = app.clock.now() + 8 * HOUR;
      let pair = await app.signIn();
      for (let half = 1; half < 16; half += 1) {
        app.clock.advance('30m');
        pair = (await app.refresh(pair.refresh_token).expect(200)).body;
        await app.confirm(pair.access_token);
      }
      app.clock.set(endsAt - 1);
      assert.equal((await app.refresh(pair.refresh_token).expect(200)).body.expires_in, 0);
      await app.refresh(pair.refresh_token).expect(200);
      app.clock.set(endsAt);
      assert.equal(codeOf(await app.refresh(pair.refresh_token).expect(401)), 'refresh_invalid');
      await app.me(pair.access_token).expect(401);
      assert.equal(await app.auth.sessions.get(pair.session_id), null);
    });

    it('promises no second that its access token does not live, whenever in a second that is issued', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      for (const millisecond of [0, 1, 500, 999]) {
        app.clock.set(Math.ceil(app.clock.now() / SECOND) * SECOND + millisecond);
        const { access_token, expires_in } = await app.signIn();
        assert.equal(expires_in, millisecond === 0 ? 600 : 599);
        app.clock.set(app.clock.now() + expires_in * SECOND - 1);
        await app.me(access_token).expect(200);
      }
    });

    it('gives no token that outlives it', async () => {
      const app = tokenApp({ store: await opened(makeStore), absoluteLifetime: '8h', accessTokenLifetime: '1h' });
      const cookies = cookieHeader(await app.signInWithCookies());
      const endsAt = app.clock.now() + 8 * HOUR;
      app.clock.advance('470m');
      const res = await app.http.post('/auth/token/refresh').set('Cookie', cookies).expect(200);
      assert.equal(res.body.expires_in, 600);
      assert.equal(readJwt(cookiesOf(res)['__Host-access'] ?? '').claims['exp'], endsAt / SECOND);
      for (const line of res.get('Set-Cookie') ?? []) assert.match(line, /; Max-Age=600;/);
    });

    it('has an idle end that no refresh moves, but the next request that it was for', async () => {
      const app = tokenApp({ store: await opened(makeStore), idleLifetime: '2h', accessTokenLifetime: '1d' });
      const first = await app.signIn();
      const signedInAt = app.clock.now();
      app.clock.set(signedInAt + HOUR);
      const second: TokenAnswer = (await app.refresh(first.refresh_token).expect(200)).body;
      await app.refresh(second.refresh_token).expect(200);
      await app.auth.flush();
      const session = await app.auth.sessions.get(second.session_id);
      assert.deepEqual([session?.lastSeenAt, session?.idleExpiresAt], [signedInAt, signedInAt + 2 * HOUR]);
      app.clock.set(signedInAt + 2 * HOUR - 1);
      await app.confirm(second.access_token);
      assert.equal((await app.auth.sessions.get(second.session_id))?.idleExpiresAt, app.clock.now() + 2 * HOUR);
    });

    it('expires at its idle end for a client that only refreshes', async () => {
      const app = tokenApp({ store: await opened(makeStore), idleLifetime: '2h' });
      let pair = await app.signIn();
      const idleEndsAt = app.clock.now() + 2 * HOUR;
      for (let quarter = 1; quarter < 8; quarter += 1) {
        app.clock.advance('15m');
        pair = (await app.refresh(pair.refresh_token).expect(200)).body;
      }
      app.clock.set(idleEndsAt - 1);
      pair = (await app.refresh(pair.refresh_token).expect(200)).body;
      app.clock.set(idleEndsAt);
      assert.equal(codeOf(await app.refresh(pair.refresh_token).expect(401)), 'refresh_invalid');
      await app.me(pair.access_token).expect(401);
    });
  });
});
