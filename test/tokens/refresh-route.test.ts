import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { RefusedReason } from '../../lib/index.js';
import { codeOf, cookieHeader, cookiesOf, type TokenApp, tokenApp } from './app.js';

const REFRESH = '/auth/token/refresh';

/** Refused with this code and reason, nothing cleared, nothing revoked. */
function assertHarmless(app: TokenApp, res: Response, code: string, reason: RefusedReason | null): void {
  assert.equal(codeOf(res), code);
  assert.equal(res.get('Set-Cookie'), undefined);
  assert.equal(res.get('Cache-Control'), 'no-store');
  assert.ok(!app.events.some(({ type }) => type === 'session.revoked' || type === 'session.refresh-reused'));
  const refused = app.events.filter((event) => event.type === 'session.refused').map((event) => event.reason);
  assert.deepEqual(refused, reason === null ? [] : [reason]);
}

describe('POST /token/refresh', () => {
  it('answers 400 refresh_missing when there is no token, in a cookie or in the body', async () => {
    const app = tokenApp();
    const { refresh_token } = await app.signIn();
    for (const asked of [
      app.http.post(REFRESH),
      app.http.post(REFRESH).send({}),
      app.http.post(`${REFRESH}?refresh_token=${refresh_token}`),
      app.http.post(REFRESH).set('Authorization', `Bearer ${refresh_token}`),
      app.http.post(REFRESH).set('Cookie', `refresh=${refresh_token}; other=1`),
    ]) {
      assertHarmless(app, await asked.expect(400), 'refresh_missing', null);
    }
  });

  it('answers 401 with a challenge to what is no refresh token', async () => {
    for (const garbage of ['', 'token', 1, null, true, {}, [], ['x'], 'x'.repeat(50_000), '\u0000']) {
      const app = tokenApp();
      const res = await app.refresh(garbage).expect(401);
      assertHarmless(app, res, 'refresh_invalid', 'malformed');
      assert.match(res.get('WWW-Authenticate') ?? '', /^Bearer realm="https:\/\/app\.example", error="invalid_token"/);
    }
  });

  it('takes JSON with nothing else in it', async () => {
    const app = tokenApp();
    const { refresh_token } = await app.signIn();
    const form = await app.http.post(REFRESH).type('form').send({ refresh_token }).expect(415);
    assert.equal(codeOf(form), 'unsupported_media_type');
    const more = await app.http.post(REFRESH).send({ refresh_token, grant_type: 'refresh_token' }).expect(400);
    assertHarmless(app, more, 'request_invalid', null);
    const list = await app.http.post(REFRESH).send([refresh_token]).expect(400);
    assertHarmless(app, list, 'request_invalid', null);
  });

  it('is no GET', async () => {
    const res = await tokenApp().http.get(REFRESH).expect(405);
    assert.equal(codeOf(res), 'method_not_allowed');
    assert.equal(res.get('Allow'), 'POST');
  });

  it('refuses a page of another origin', async () => {
    const app = tokenApp();
    const cookie = cookieHeader(await app.signInWithCookies());
    const res = await app.http.post(REFRESH).set('Cookie', cookie).set('Sec-Fetch-Site', 'same-site').expect(403);
    assertHarmless(app, res, 'cross_origin', 'cross-origin');
  });

  it('wants to know where a request comes from where csrf is strict, of clients without a browser, too', async () => {
    const app = tokenApp({ policy: 'psd2' });
    const { refresh_token } = await app.signIn();
    assertHarmless(app, await app.refresh(refresh_token).expect(403), 'cross_origin', 'cross-origin');
    await app.refresh(refresh_token).set('Origin', 'https://app.example').expect(200);
  });

  it('ignores an Authorization header, so that a client may always send it', async () => {
    const app = tokenApp();
    const { access_token, refresh_token } = await app.signIn();
    app.clock.advance('1h');
    await app.refresh(refresh_token).set('Authorization', `Bearer ${access_token}`).expect(200);
    await app.refresh(refresh_token).set('Authorization', 'Basic YTpi').expect(200);
  });

  it('refuses a token in the body beside one in a cookie', async () => {
    const app = tokenApp();
    const { refresh_token } = await app.signIn();
    const cookies = await app.signInWithCookies();
    const res = await app.refresh(refresh_token).set('Cookie', cookieHeader(cookies)).expect(401);
    assertHarmless(app, res, 'refresh_invalid', 'several-credentials');
    await app.refresh(refresh_token).expect(200);
  });

  it('refuses the token of a cookie in the body, and the token of a body in a cookie', async () => {
    const app = tokenApp();
    const { '__Host-refresh': ofCookie } = await app.signInWithCookies();
    assertHarmless(app, await app.refresh(ofCookie).expect(401), 'refresh_invalid', 'delivery-mismatch');

    const other = tokenApp();
    const { refresh_token } = await other.signIn();
    const res = await other.http.post(REFRESH).set('Cookie', `__Host-refresh=${refresh_token}`).expect(401);
    assertHarmless(other, res, 'refresh_invalid', 'delivery-mismatch');
    await other.refresh(refresh_token).expect(200);
  });

  it('answers 401 to the token of a session that has been revoked', async () => {
    const app = tokenApp();
    const { refresh_token, session_id } = await app.signIn();
    await app.auth.sessions.revoke(session_id);
    app.events.length = 0;
    assertHarmless(app, await app.refresh(refresh_token).expect(401), 'refresh_invalid', 'unknown');
  });

  it('says in an event whose refresh it refused, and why', async () => {
    const app = tokenApp({ idleLifetime: '2h' });
    const { refresh_token, session_id } = await app.signIn();
    app.clock.advance('2h');
    app.events.length = 0;
    await app.refresh(refresh_token).expect(401);
    const [{ ip, ...event } = {}, ...more] = app.events as { ip?: string }[]; // of these the test takes any
    assert.match(ip ?? '', /^127\.0\.0\.1$|^::1$/);
    assert.deepEqual(event, {
      type: 'session.refused',
      at: app.clock.now(),
      reason: 'idle-expired',
      userId: 'ada',
      sessionId: session_id,
    });
    assert.deepEqual(more, []);
  });

  it('says in an event that a session was refreshed, and not when the same pair is given again', async () => {
    const app = tokenApp();
    const { refresh_token, session_id } = await app.signIn();
    app.clock.advance('1h');
    app.events.length = 0;
    await app.refresh(refresh_token).expect(200);
    await app.refresh(refresh_token).expect(200);
    assert.deepEqual(
      app.events.map(({ type, at }) => ({ type, at })),
      [{ type: 'session.refreshed', at: app.clock.now() }],
    );
    assert.equal((app.events[0] as { sessionId?: string }).sessionId, session_id); // the only event, of that type
  });

  it('names no token in any answer of a refused refresh', async () => {
    const app = tokenApp();
    const { refresh_token } = await app.signIn();
    await app.http.post('/auth/logout').send({ refresh_token }).expect(204);
    const res = await app.refresh(refresh_token).expect(401);
    assert.ok(!JSON.stringify([res.headers, res.body]).includes(refresh_token.slice(-40)));
    assert.ok(!JSON.stringify(app.events).includes(refresh_token.slice(-40)));
  });
});

describe('a refresh by cookie', () => {
  it('needs no access cookie beside it', async () => {
    const app = tokenApp();
    const { '__Host-refresh': refresh } = await app.signInWithCookies();
    app.clock.advance('1h');
    const res = await app.http.post(REFRESH).set('Cookie', `__Host-refresh=${refresh}`).expect(200);
    assert.notEqual(cookiesOf(res)['__Host-access'], undefined);
  });

  it('goes beside an access cookie of the same session, expired or not', async () => {
    const app = tokenApp();
    const cookie = cookieHeader(await app.signInWithCookies());
    await app.http.post(REFRESH).set('Cookie', cookie).expect(200);
    app.clock.advance('1d');
    await app.http.post(REFRESH).set('Cookie', cookie).expect(200);
  });
});
