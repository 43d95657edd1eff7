import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { codeOf, cookieHeader, cookiesOf, type TokenApp, tokenApp } from './app.js';

/** One session of each delivery, of three users, so that `userId` tells which credential was taken. */
async function threeSessions(app: TokenApp) {
  const bearer = await app.signIn('bearer-user');
  const signIn = async (delivery: string) =>
    cookiesOf(
      await app.http
        .post('/login')
        .send({ userId: `${delivery}-user`, delivery })
        .expect(200),
    );
  const session = (await signIn('cookie'))['__Host-session'] ?? '';
  const { '__Host-access': access = '', '__Host-refresh': refresh = '' } = await signIn('token-cookies');
  return { bearer, session, access, refresh };
}

describe('a credential by a way that is not its own', () => {
  it('is refused: the access token of a cookie in the Authorization header', async () => {
    const app = tokenApp();
    const { access } = await threeSessions(app);
    assert.equal(codeOf(await app.me(access).expect(401)), 'session_invalid');
    const refused = app.events.at(-1);
    assert.ok(refused?.type === 'session.refused');
    assert.equal(refused.reason, 'delivery-mismatch');
  });

  it('is refused: a bearer access token in a cookie', async () => {
    const app = tokenApp();
    const { bearer } = await threeSessions(app);
    for (const name of ['__Host-access', '__Host-session']) {
      const res = await app.http.get('/me').set('Cookie', `${name}=${bearer.access_token}`).expect(401);
      assert.equal(codeOf(res), 'session_invalid');
    }
  });

  it('is refused: the session token of a cookie in the Authorization header', async () => {
    const app = tokenApp();
    const { session } = await threeSessions(app);
    assert.equal(codeOf(await app.me(session).expect(401)), 'session_invalid');
  });

  it('is refused: a refresh token as an access token, in a header and in a cookie', async () => {
    const app = tokenApp();
    const { bearer, refresh } = await threeSessions(app);
    for (const token of [bearer.refresh_token, refresh]) {
      assert.equal(codeOf(await app.me(token).expect(401)), 'session_invalid');
      const res = await app.http.get('/me').set('Cookie', `__Host-access=${token}`).expect(401);
      assert.equal(codeOf(res), 'session_invalid');
    }
  });

  it('is no credential: any token in the query or in the body', async () => {
    const app = tokenApp();
    const { bearer } = await threeSessions(app);
    const query = `access_token=${bearer.access_token}&token=${bearer.access_token}`;
    assert.equal(codeOf(await app.http.get(`/me?${query}`).expect(401)), 'session_required');
    const res = await app.http.get('/me').send({ access_token: bearer.access_token }).expect(401);
    assert.equal(codeOf(res), 'session_required');
    assert.equal(res.get('WWW-Authenticate'), 'Bearer realm="https://app.example"');
  });

  it('is no credential for a guard: the refresh cookie alone', async () => {
    const app = tokenApp();
    const { refresh } = await threeSessions(app);
    const res = await app.http.get('/me').set('Cookie', `__Host-refresh=${refresh}`).expect(401);
    assert.equal(codeOf(res), 'session_required');
  });
});

describe('the Authorization header', () => {
  it('beats cookies', async () => {
    const app = tokenApp();
    const { bearer, session, access } = await threeSessions(app);
    for (const cookie of [`__Host-session=${session}`, `__Host-access=${access}`]) {
      const res = await app.me(bearer.access_token).set('Cookie', cookie).expect(200);
      assert.equal(res.body.userId, 'bearer-user');
    }
  });

  it('is not retried with cookies when it is refused or empty', async () => {
    const app = tokenApp();
    const { session, access } = await threeSessions(app);
    for (const authorization of ['Bearer', 'Bearer ', 'bearer nonsense', `Bearer ${access}`]) {
      const res = await app.http
        .get('/me')
        .set('Authorization', authorization)
        .set('Cookie', `__Host-session=${session}`)
        .expect(401);
      assert.equal(codeOf(res), 'session_invalid', authorization);
    }
  });

  it('may write Bearer in any case, and more than one space behind it', async () => {
    const app = tokenApp();
    const { bearer } = await threeSessions(app);
    for (const scheme of ['bearer', 'BEARER', 'bEaReR', 'Bearer  ']) {
      await app.http.get('/me').set('Authorization', `${scheme} ${bearer.access_token}`).expect(200);
    }
  });

  it('is somebody else’s with another scheme: cookies count', async () => {
    const app = tokenApp();
    const { bearer, session } = await threeSessions(app);
    for (const scheme of ['Basic', 'DPoP', 'BearerX', 'Token', `X-Bearer`]) {
      const authorization = `${scheme} ${bearer.access_token}`;
      const withCookie = app.http.get('/me').set('Authorization', authorization);
      const res = await withCookie.set('Cookie', `__Host-session=${session}`).expect(200);
      assert.equal(res.body.userId, 'cookie-user');
      const alone = await app.http.get('/me').set('Authorization', authorization).expect(401);
      assert.equal(codeOf(alone), 'session_required');
    }
  });
});

describe('cookies that contradict each other', () => {
  it('are refused: a session cookie beside an access or a refresh cookie', async () => {
    const app = tokenApp();
    const { session, access, refresh } = await threeSessions(app);
    for (const other of [{ '__Host-access': access }, { '__Host-refresh': refresh }]) {
      const cookie = cookieHeader({ '__Host-session': session, ...other });
      assert.equal(codeOf(await app.http.get('/me').set('Cookie', cookie).expect(401)), 'session_invalid');
      const refused = app.events.at(-1);
      assert.ok(refused?.type === 'session.refused');
      assert.equal(refused.reason, 'several-credentials');
    }
  });

  it('are refused at a refresh as well', async () => {
    const app = tokenApp();
    const { session, refresh } = await threeSessions(app);
    app.clock.advance('1h');
    const refreshWith = (cookie: string) => app.http.post('/auth/token/refresh').set('Cookie', cookie);
    const both = `__Host-session=${session}; __Host-refresh=${refresh}`;
    const twice = `__Host-refresh=${refresh}; __Host-refresh=${refresh}`;
    for (const cookie of [both, twice]) {
      const res = await refreshWith(cookie).expect(401);
      assert.equal(codeOf(res), 'refresh_invalid');
      const refused = app.events.at(-1);
      assert.ok(refused?.type === 'session.refused');
      assert.equal(refused.reason, 'several-credentials');
      assert.equal(res.get('Set-Cookie'), undefined);
    }
    await refreshWith(`__Host-refresh=${refresh}`).expect(200);
  });
});
