import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { cookieHeader, cookiesOf, tokenApp } from './app.js';
import { readJwt } from './jwt.js';

const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const REFRESH_TOKEN = /^[A-Za-z0-9_-]{86}$/;
const ID = /^[A-Za-z0-9_-]{22}$/;
const THIRTY_DAYS = 2_592_000;

function isNotCached(res: Response): void {
  assert.equal(res.get('Cache-Control'), 'no-store');
  assert.equal(res.get('Pragma'), 'no-cache');
}

/** The lines of Set-Cookie with their values left out. */
function attributesOf(res: Response): readonly string[] {
  return (res.get('Set-Cookie') ?? []).map((line) => line.replace(/^([^=]+)=[^;]+/, '$1=…'));
}

describe('the delivery bearer', () => {
  it('answers a sign-in with tokens in the body and sets no cookie', async () => {
    const { http } = tokenApp();
    const res = await http.post('/login').send({ delivery: 'bearer' }).expect(200);
    assert.deepEqual(Object.keys(res.body).sort(), [
      'access_token',
      'expires_in',
      'refresh_token',
      'session_id',
      'token_type',
    ]);
    assert.match(res.body.session_id, ID);
    assert.equal(res.body.token_type, 'Bearer');
    assert.match(res.body.access_token, JWT);
    assert.equal(res.body.expires_in, 600);
    assert.match(res.body.refresh_token, REFRESH_TOKEN);
    assert.equal(readJwt(res.body.access_token).claims['sid'], res.body.session_id);
    assert.deepEqual(Object.values(cookiesOf(res)), ['', '', '']); // those of the other deliveries are cleared
    isNotCached(res);
  });

  it('answers a refresh in the same form, without any cookie', async () => {
    const { http, signIn, clock } = tokenApp({ accessTokenLifetime: '2m' });
    const before = await signIn();
    clock.advance('1m');
    const res = await http.post('/auth/token/refresh').send({ refresh_token: before.refresh_token }).expect(200);
    const { access_token, refresh_token, ...rest } = res.body;
    assert.deepEqual(rest, { session_id: before.session_id, token_type: 'Bearer', expires_in: 120 });
    assert.match(access_token, JWT);
    assert.match(refresh_token, REFRESH_TOKEN);
    assert.notEqual(refresh_token, before.refresh_token);
    assert.notEqual(readJwt(access_token).jti, readJwt(before.access_token).jti);
    assert.equal(res.get('Set-Cookie'), undefined);
    isNotCached(res);
  });

  it('says how the request came', async () => {
    const { me, signIn } = tokenApp();
    const { access_token, session_id } = await signIn();
    const { body } = await me(access_token).expect(200);
    assert.equal(body.via, 'bearer');
    assert.equal(body.userId, 'ada');
    assert.equal(body.session.id, session_id);
    assert.equal(body.session.delivery, 'bearer');
    assert.deepEqual(body.proofs, [{ method: 'password', verifiedAt: body.session.authenticatedAt }]);
  });
});

describe('the delivery token-cookies', () => {
  it('answers a sign-in with two cookies and no token in the body', async () => {
    const { http } = tokenApp();
    const res = await http.post('/login').send({ delivery: 'token-cookies' }).expect(200);
    assert.deepEqual(Object.keys(res.body).sort(), ['expires_in', 'session_id']);
    assert.match(res.body.session_id, ID);
    assert.equal(res.body.expires_in, 600);
    assert.deepEqual(attributesOf(res), [
      '__Host-session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
      `__Host-access=…; Max-Age=${THIRTY_DAYS}; Path=/; HttpOnly; Secure; SameSite=Lax`,
      `__Host-refresh=…; Max-Age=${THIRTY_DAYS}; Path=/; HttpOnly; Secure; SameSite=Lax`,
    ]);
    const cookies = cookiesOf(res);
    assert.match(cookies['__Host-access'] ?? '', JWT);
    assert.match(cookies['__Host-refresh'] ?? '', REFRESH_TOKEN);
    isNotCached(res);
  });

  it('answers a refresh by cookie in the same form, up to the same end', async () => {
    const { http, signInWithCookies, clock } = tokenApp();
    const before = await signInWithCookies();
    clock.advance('1h');
    const res = await http.post('/auth/token/refresh').set('Cookie', cookieHeader(before)).expect(200);
    assert.deepEqual(Object.keys(res.body).sort(), ['expires_in', 'session_id']);
    assert.deepEqual(attributesOf(res), [
      `__Host-access=…; Max-Age=${THIRTY_DAYS - 3_600}; Path=/; HttpOnly; Secure; SameSite=Lax`,
      `__Host-refresh=…; Max-Age=${THIRTY_DAYS - 3_600}; Path=/; HttpOnly; Secure; SameSite=Lax`,
    ]);
    isNotCached(res);
    const after = cookiesOf(res);
    assert.notEqual(after['__Host-refresh'], before['__Host-refresh']);
    const me = await http.get('/me').set('Cookie', cookieHeader(after)).expect(200);
    assert.equal(me.body.via, 'cookie');
    assert.equal(me.body.session.delivery, 'token-cookies');
  });

  it('drops prefix and Secure on localhost only when it is asked to', async () => {
    const { http } = tokenApp({ issuer: 'http://localhost:3000', insecureCookies: true });
    const res = await http.post('/login').send({ delivery: 'token-cookies' }).expect(200);
    assert.deepEqual(attributesOf(res).slice(1), [
      `access=…; Max-Age=${THIRTY_DAYS}; Path=/; HttpOnly; SameSite=Lax`,
      `refresh=…; Max-Age=${THIRTY_DAYS}; Path=/; HttpOnly; SameSite=Lax`,
    ]);
  });
});

describe('the delivery cookie', () => {
  it('gives no refresh token, and only the session id in the body', async () => {
    const { http } = tokenApp();
    const res = await http.post('/login').send({ delivery: 'cookie' }).expect(200);
    assert.deepEqual(Object.keys(res.body), ['session_id']);
    assert.match(cookiesOf(res)['__Host-session'] ?? '', TOKEN);
    assert.deepEqual(attributesOf(res).slice(0, 2), [
      '__Host-access=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
      '__Host-refresh=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
    ]);
    isNotCached(res);
  });
});
