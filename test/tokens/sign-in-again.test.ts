import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { pin, RIGHT_PIN } from '../support/pin.js';
import { cookieHeader, cookiesOf, type TokenApp, tokenApp } from './app.js';
import { readJwt, segment, signed } from './jwt.js';

const OLD = 'the secret before this one, 32 bytes or more';

/** Signs in beside these credentials; gives the sessions that ended by it. */
async function endedBySignIn(app: TokenApp, headers: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
  app.events.length = 0;
  await app.http.post('/login').set(headers).send({ userId: 'grace', delivery: 'token-cookies' }).expect(200);
  const ended = app.events.flatMap((event) => (event.type === 'session.revoked' ? [[event.sessionId, event.by]] : []));
  assert.equal(app.events.filter(({ type }) => type === 'session.created').length, 1);
  return ended;
}

describe('a sign-in', () => {
  it('ends the session of an access cookie, expired or not', async () => {
    for (const wait of ['1m', '1h'] as const) {
      const app = tokenApp();
      const { '__Host-access': access = '' } = await app.signInWithCookies();
      app.clock.advance(wait);
      const ended = await endedBySignIn(app, { Cookie: `__Host-access=${access}` });
      assert.deepEqual(ended, [[readJwt(access).claims['sid'], 'sign-in']]);
    }
  });

  it('ends the session of a refresh cookie alone, of any generation', async () => {
    for (const generation of [0, 1, 2]) {
      const app = tokenApp();
      const generations = [await app.signInWithCookies()];
      for (let refresh = 0; refresh < 2; refresh += 1) {
        app.clock.advance('1m');
        const cookie = cookieHeader(generations.at(-1) ?? {});
        generations.push(cookiesOf(await app.http.post('/auth/token/refresh').set('Cookie', cookie).expect(200)));
      }
      const refreshCookie = generations[generation]?.['__Host-refresh'];
      const ended = await endedBySignIn(app, { Cookie: `__Host-refresh=${refreshCookie}` });
      assert.equal(ended.length, 1, String(generation));
      assert.deepEqual((await app.auth.sessions.listForUser('ada')).sessions, []);
    }
  });

  it('ends the session of a refresh cookie whose session token came with a step-up', async () => {
    const app = tokenApp({ methods: [pin] });
    const cookies = await app.signInWithCookies();
    for (let stepUp = 0; stepUp < 2; stepUp += 1) {
      const verify = app.http.post('/auth/step-up/verify').set('Cookie', cookieHeader(cookies));
      const res = await verify.send({ method: 'pin', response: RIGHT_PIN }).expect(200);
      Object.assign(cookies, cookiesOf(res));
    }
    const ended = await endedBySignIn(app, { Cookie: `__Host-refresh=${cookies['__Host-refresh']}` });
    assert.equal(ended.length, 1);
  });

  it('ends the session of a refresh cookie that an older secret made', async () => {
    const before = tokenApp({ secret: OLD });
    const { '__Host-refresh': refresh } = await before.signInWithCookies();
    const after = tokenApp({
      secret: ['the new secret, 32 bytes or more....', OLD],
      store: before.store,
      clock: before.clock,
    });
    assert.equal((await endedBySignIn(after, { Cookie: `__Host-refresh=${refresh}` })).length, 1);
  });

  it('ends nothing by a credential that is forged or comes by another way', async () => {
    const app = tokenApp();
    const { access_token, refresh_token } = await app.signIn();
    const { '__Host-access': access = '' } = await app.signInWithCookies();
    const { header, claims } = readJwt(access_token);
    const forged = signed(segment(header), segment(claims), 'the key of a forger');
    for (const headers of [
      { Cookie: `__Host-refresh=${refresh_token}` },
      { Cookie: `__Host-access=${forged}` },
      { Cookie: `__Host-refresh=${refresh_token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}` },
      { Authorization: `Bearer ${forged}` },
      { Authorization: `Bearer ${refresh_token}` },
    ]) {
      assert.deepEqual(await endedBySignIn(app, headers), []);
    }
    await app.me(access_token).expect(200);
    await app.http.get('/me').set('Cookie', `__Host-access=${access}`).expect(200);
  });
});
