import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { hashToken } from '../../lib/internal/tokens.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { forRules } from '../support/stores.js';
import {
  altered,
  codeOf,
  cookieHeader,
  cookiesOf,
  opened,
  type TokenAnswer,
  type TokenApp,
  type TokenAppOptions,
  tokenApp,
} from './app.js';
import { readJwt, segment, signed } from './jwt.js';

const CLEARED = { '__Host-session': '', '__Host-access': '', '__Host-refresh': '' };

/** Three generations of one session's tokens; the middle one is its previous one. */
async function threeGenerations(options: TokenAppOptions) {
  const app = tokenApp(options);
  const old = await app.signIn();
  app.clock.advance('1m');
  const previous: TokenAnswer = (await app.refresh(old.refresh_token).expect(200)).body;
  app.clock.advance('1m');
  const current: TokenAnswer = (await app.refresh(previous.refresh_token).expect(200)).body;
  app.events.length = 0;
  return { app, old, previous, current };
}

type Generations = Awaited<ReturnType<typeof threeGenerations>>;

const byBearer = (app: TokenApp, token: string): Promise<Response> =>
  app.http.post('/auth/logout').set('Authorization', `Bearer ${token}`);
const byBody = (app: TokenApp, refresh_token: unknown): Promise<Response> =>
  app.http.post('/auth/logout').send({ refresh_token });
const byCookies = (app: TokenApp, cookies: Readonly<Record<string, string>>): Promise<Response> =>
  app.http.post('/auth/logout').set('Cookie', cookieHeader(cookies));

const HOUR_LATER = { wait: '1h' } as const;
const credentials: Readonly<Record<string, { by(g: Generations): Promise<Response>; wait?: '1h' }>> = {
  'the current access token': { by: ({ app, current }) => byBearer(app, current.access_token) },
  'the current access token when it has expired': {
    by: ({ app, current }) => byBearer(app, current.access_token),
    ...HOUR_LATER,
  },
  'the access token with the previous session token': {
    by: ({ app, previous }) => byBearer(app, previous.access_token),
  },
  'an expired access token of an earlier generation': {
    by: ({ app, old }) => byBearer(app, old.access_token),
    ...HOUR_LATER,
  },
  'the current refresh token alone': { by: ({ app, current }) => byBody(app, current.refresh_token) },
  'the previous refresh token': { by: ({ app, previous }) => byBody(app, previous.refresh_token) },
  'a refresh token of an old generation': { by: ({ app, old }) => byBody(app, old.refresh_token), ...HOUR_LATER },
};

describe('POST /logout', () => {
  forRules((_name, makeStore) => {
    for (const [what, { by, wait }] of Object.entries(credentials)) {
      it(`ends the session by ${what}`, async () => {
        const generations = await threeGenerations({ store: await opened(makeStore) });
        const { app, current } = generations;
        if (wait !== undefined) app.clock.advance(wait);
        const other = await app.signIn();
        app.events.length = 0;
        const res = await by(generations);
        assert.equal(res.status, 204);
        assert.deepEqual(cookiesOf(res), CLEARED);
        assert.equal(res.get('Cache-Control'), 'no-store');
        assert.deepEqual(app.events, [
          {
            type: 'session.revoked',
            at: app.clock.now(),
            userId: 'ada',
            sessionId: current.session_id,
            by: 'sign-out',
          },
        ]);
        assert.equal(await app.auth.sessions.get(current.session_id), null);
        await app.refresh(current.refresh_token).expect(401);
        await app.me(other.access_token).expect(200);
        assert.equal((await by(generations)).status, 204); // once more changes nothing
      });
    }

    it('ends the session by the token of a cookie that a step-up has replaced', async () => {
      const store = await opened(makeStore);
      const app = tokenApp({ store });
      const signedIn = await app.http.post('/login').send({ delivery: 'cookie' }).expect(200);
      const id: string = signedIn.body.session_id;
      const token = cookiesOf(signedIn)['__Host-session'] ?? '';
      const change = {
        type: 'step-up',
        presented: hashToken(Buffer.from(token, 'base64url')),
        nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
        tokenHash: hashToken(randomBytes(32)),
        method: 'passkey',
        makesProof: false,
      } as const;
      assert.notEqual(await store.sessions.change(id, change, app.clock.now()), null);
      const res = await byCookies(app, { '__Host-session': token });
      assert.equal(res.status, 204);
      assert.deepEqual(cookiesOf(res), CLEARED);
      assert.equal(await app.auth.sessions.get(id), null);
    });
  });

  for (const [what, names, wait] of [
    ['the access cookie', ['__Host-access'], '1m'],
    ['an expired access cookie', ['__Host-access'], '1d'],
    ['the refresh cookie alone', ['__Host-refresh'], '1d'],
    ['both cookies', ['__Host-access', '__Host-refresh'], '1d'],
  ] as const) {
    it(`ends a session with token cookies by ${what}, also of an old generation`, async () => {
      const app = tokenApp();
      const cookies = await app.signInWithCookies();
      let latest = cookies;
      for (let generation = 0; generation < 3; generation += 1) {
        app.clock.advance('1m');
        latest = cookiesOf(await app.http.post('/auth/token/refresh').set('Cookie', cookieHeader(latest)).expect(200));
      }
      app.clock.advance(wait);
      const res = await byCookies(app, Object.fromEntries(names.map((name) => [name, cookies[name] ?? ''])));
      assert.equal(res.status, 204);
      assert.deepEqual(cookiesOf(res), CLEARED);
      assert.deepEqual((await app.auth.sessions.listForUser('ada')).sessions, []);
      assert.equal(app.events.filter(({ type }) => type === 'session.revoked').length, 1);
    });
  }

  it('ends every session whose genuine credential came along', async () => {
    const app = tokenApp();
    const [one, two] = [await app.signIn(), await app.signIn()];
    const cookies = await app.signInWithCookies();
    const session = cookiesOf(await app.http.post('/login').send({ delivery: 'cookie' }).expect(200));
    await app.http
      .post('/auth/logout')
      .set('Authorization', `Bearer ${one.access_token}`)
      .set('Cookie', `${cookieHeader(cookies)}; ${cookieHeader(session)}`)
      .send({ refresh_token: two.refresh_token })
      .expect(204);
    assert.deepEqual((await app.auth.sessions.listForUser('ada')).sessions, []);
  });

  it('answers 204 to anything else, clears the cookies, and ends nothing', async () => {
    const app = tokenApp({ apiKeys: { prefix: 'key_', verify: () => ({ userId: 'ada' }) } });
    const { access_token, refresh_token } = await app.signIn();
    const cookies = await app.signInWithCookies();
    const { header, claims, parts } = readJwt(access_token);
    const unsigned = `${segment({ ...header, alg: 'none' })}.${parts[1]}.`;
    const garbage: readonly Promise<Response>[] = [
      app.http.post('/auth/logout'),
      app.http.post('/auth/logout').send({}),
      ...['', 'token', unsigned, 'key_1', refresh_token, readJwt(access_token).jti].map((token) =>
        byBearer(app, token),
      ),
      byBearer(app, signed(parts[0], parts[1], 'the key of a forger')),
      byBearer(app, signed(parts[0], segment({ ...claims, sub: 'grace' }))),
      byBearer(app, signed(parts[0], segment({ ...claims, sid: 'A'.repeat(22) }))),
      byBearer(app, signed(parts[0], segment({ ...claims, aud: 'https://other.example' }))),
      byBearer(app, signed(parts[0], segment({ ...claims, iss: 'https://other.example' }))),
      byBearer(app, cookies['__Host-access'] ?? ''),
      ...['', 'token', 1, null, ['x'], {}, access_token, cookies['__Host-refresh']].map((value) => byBody(app, value)),
      byCookies(app, { '__Host-session': readJwt(access_token).jti }),
      byCookies(app, { '__Host-access': access_token, '__Host-refresh': refresh_token }),
      byCookies(app, { '__Host-session': 'x'.repeat(3_000) }),
      app.http.post(`/auth/logout?access_token=${access_token}&refresh_token=${refresh_token}`),
      app.http.post('/auth/logout').set('Authorization', `Basic ${access_token}`),
    ];
    for (const [index, res] of (await Promise.all(garbage)).entries()) {
      assert.equal(res.status, 204, String(index));
      assert.deepEqual(cookiesOf(res), CLEARED);
    }
    await app.me(access_token).expect(200);
    await app.refresh(refresh_token).expect(200);
    await app.http.get('/me').set('Cookie', cookieHeader(cookies)).expect(200);
  });

  it('is not for a page of another origin: 403, nothing ended, nothing cleared', async () => {
    const app = tokenApp();
    const cookies = cookieHeader(await app.signInWithCookies());
    const res = await app.http
      .post('/auth/logout')
      .set('Cookie', cookies)
      .set('Origin', 'https://other.example')
      .expect(403);
    assert.equal(codeOf(res), 'cross_origin');
    assert.equal(res.get('Set-Cookie'), undefined);
    await app.http.get('/me').set('Cookie', cookies).expect(200);
  });

  for (const operation of ['get', 'revoke'] as const) {
    it(`answers 500 and keeps the cookies when the store fails at ${operation}`, async () => {
      const working = memoryStore();
      const failing = () => Promise.reject(new Error('the disk is gone'));
      const app = tokenApp({ store: working });
      const broken = tokenApp({ store: altered(working, { [operation]: failing }), clock: app.clock });
      const cookies = await app.signInWithCookies();
      const res = await byCookies(broken, cookies);
      assert.equal(res.status, 500);
      assert.equal(codeOf(res), 'store_unavailable');
      assert.equal(res.get('Set-Cookie'), undefined);
      await app.http.get('/me').set('Cookie', cookieHeader(cookies)).expect(200);
    });
  }
});
