import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { codeOf, type TokenApp, tokenApp } from '../tokens/app.js';
import { readJwt } from '../tokens/jwt.js';

/** Access tokens leak by logs and crash reports, and whoever reads one sees the session token in its `jti`. */
async function assertNoCookie(app: TokenApp, accessToken: string): Promise<void> {
  const { jti } = readJwt(accessToken);
  for (const cookie of [`__Host-session=${jti}`, `__Host-access=${jti}`, `session=${jti}`]) {
    await app.http.get('/me').set('Cookie', cookie).expect(401);
  }
  const res = await app.http.get('/me').set('Cookie', `__Host-session=${jti}`).expect(401);
  assert.equal(codeOf(res), 'session_invalid');
  await app.http.post('/auth/logout').set('Cookie', `__Host-session=${jti}`).expect(204); // and ends nothing
}

describe('the jti of an access token', () => {
  it('is no cookie while the token is valid', async () => {
    const app = tokenApp();
    const { access_token } = await app.signIn();
    await assertNoCookie(app, access_token);
    await app.me(access_token).expect(200);
  });

  it('is no cookie when the token has expired', async () => {
    const app = tokenApp();
    const { access_token, refresh_token } = await app.signIn();
    app.clock.advance('10m');
    await app.me(access_token).expect(401);
    await assertNoCookie(app, access_token);
    await app.refresh(refresh_token).expect(200);
  });

  it('is no session cookie when the token came in an access cookie', async () => {
    const app = tokenApp();
    const { '__Host-access': access = '' } = await app.signInWithCookies();
    app.clock.advance('10m');
    await assertNoCookie(app, access);
  });

  it('is no bearer token by itself', async () => {
    const app = tokenApp();
    const { access_token } = await app.signIn();
    assert.equal(codeOf(await app.me(readJwt(access_token).jti).expect(401)), 'session_invalid');
  });
});
