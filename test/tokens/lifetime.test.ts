import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forEachStore } from '../support/stores.js';
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
  forEachStore((_name, makeStore) => {
    it('keeps who, since when and until when through 20 refreshes', async (t) => {
      const app = tokenApp({ store: await opened(t, makeStore) });
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

    it('ends at its absolute end, however often it is refreshed and used', async (t) => {
      const app = tokenApp({ store: await opened(t, makeStore), absoluteLifetime: '8h', idleLifetime: '1h' });
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

    it('promises no second that its access token does not live, whenever in a second that is issued', async (t) => {
      const app = tokenApp({ store: await opened(t, makeStore) });
      for (const millisecond of [0, 1, 500, 999]) {
        app.clock.set(Math.ceil(app.clock.now() / SECOND) * SECOND + millisecond);
        const { access_token, expires_in } = await app.signIn();
        assert.equal(expires_in, millisecond === 0 ? 600 : 599);
        app.clock.set(app.clock.now() + expires_in * SECOND - 1);
        await app.me(access_token).expect(200);
      }
    });

    it('gives no token that outlives it', async (t) => {
      const app = tokenApp({ store: await opened(t, makeStore), absoluteLifetime: '8h', accessTokenLifetime: '1h' });
      const cookies = cookieHeader(await app.signInWithCookies());
      const endsAt = app.clock.now() + 8 * HOUR;
      app.clock.advance('470m');
      const res = await app.http.post('/auth/token/refresh').set('Cookie', cookies).expect(200);
      assert.equal(res.body.expires_in, 600);
      assert.equal(readJwt(cookiesOf(res)['__Host-access'] ?? '').claims['exp'], endsAt / SECOND);
      for (const line of res.get('Set-Cookie') ?? []) assert.match(line, /; Max-Age=600;/);
    });

    it('slides its idle end with each refresh, and is over at it', async (t) => {
      const app = tokenApp({ store: await opened(t, makeStore), idleLifetime: '2h' });
      const first = await app.signIn();
      const startedAt = app.clock.now();
      app.clock.set(startedAt + 2 * HOUR - 1);
      const second: TokenAnswer = (await app.refresh(first.refresh_token).expect(200)).body;
      const refreshedAt = app.clock.now();
      const session = await app.auth.sessions.get(second.session_id);
      assert.equal(session?.idleExpiresAt, refreshedAt + 2 * HOUR);
      assert.equal(session.lastSeenAt, refreshedAt);
      app.clock.set(refreshedAt + 2 * HOUR);
      assert.equal(codeOf(await app.refresh(second.refresh_token).expect(401)), 'refresh_invalid');
      assert.equal(codeOf(await app.refresh(first.refresh_token).expect(401)), 'refresh_invalid');
    });

    it('counts a young refresh token that is answered with itself as seen', async (t) => {
      const app = tokenApp({ store: await opened(t, makeStore), idleLifetime: '1m', touchInterval: '1s' });
      const { refresh_token, session_id } = await app.signIn();
      app.clock.advance('29s');
      await app.refresh(refresh_token).expect(200);
      await app.auth.flush();
      assert.equal((await app.auth.sessions.get(session_id))?.lastSeenAt, app.clock.now());
      app.clock.advance('59s');
      await app.refresh(refresh_token).expect(200);
    });
  });
});
