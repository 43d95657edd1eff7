import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { forRules } from '../support/stores.js';
import { codeOf, cookieHeader, cookiesOf, opened, type TokenAnswer, type TokenApp, tokenApp } from './app.js';
import { readJwt } from './jwt.js';

const changed = (app: TokenApp, { access_token }: TokenAnswer) =>
  app.http.post('/password').set('Authorization', `Bearer ${access_token}`);

describe('changed credentials', () => {
  forRules((_name, makeStore) => {
    it('give the session a pair that lives on, and end the old one with neither overlap nor grace', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const before = await app.signIn();
      const res = await changed(app, before).expect(200);
      const after: TokenAnswer = res.body;
      assert.equal(after.session_id, before.session_id);
      assert.equal(res.get('Pragma'), 'no-cache');
      await app.me(before.access_token).expect(401);
      const me = await app.me(after.access_token).expect(200);
      assert.deepEqual(me.body.proofs, []);
      app.clock.advance('1h');
      const next: TokenAnswer = (await app.refresh(after.refresh_token).expect(200)).body;
      await app.me(next.access_token).expect(200);
    });

    it('end the previous token too, though the rotation before was not confirmed', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const first = await app.signIn();
      app.clock.advance('1m');
      const second: TokenAnswer = (await app.refresh(first.refresh_token).expect(200)).body;
      await changed(app, second).expect(200);
      await app.me(first.access_token).expect(401);
      await app.me(second.access_token).expect(401);
    });

    it('take a refresh token from before for stolen', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const before = await app.signIn();
      const after: TokenAnswer = (await changed(app, before).expect(200)).body;
      assert.equal(codeOf(await app.refresh(before.refresh_token).expect(401)), 'refresh_invalid');
      await app.me(after.access_token).expect(401);
    });

    it('end the other sessions of the user and nobody else’s', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const [here, phone, grace] = [await app.signIn(), await app.signIn(), await app.signIn('grace')];
      app.events.length = 0;
      await changed(app, here).expect(200);
      assert.deepEqual(app.events, [
        {
          type: 'session.revoked',
          at: app.clock.now(),
          userId: 'ada',
          sessionId: phone.session_id,
          by: 'credentials-changed',
        },
      ]);
      await app.me(phone.access_token).expect(401);
      await app.refresh(phone.refresh_token).expect(401);
      await app.me(grace.access_token).expect(200);
    });

    it('are taken once of any number of parallel requests', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const pair = await app.signIn();
      const answers = await Promise.all(Array.from({ length: 10 }, () => changed(app, pair)));
      const [won, ...more] = answers.filter(({ status }) => status === 200);
      assert.deepEqual(more, []);
      for (const lost of answers.filter((answer) => answer !== won)) {
        assert.deepEqual([lost.status, codeOf(lost)], [401, 'session_invalid']);
      }
      await app.me(won?.body.access_token).expect(200);
    });
  });

  it('keep what the tokens say of the sign-in', async () => {
    const app = tokenApp();
    const before = await app.signIn();
    app.clock.advance('5m');
    const after: TokenAnswer = (await changed(app, before).expect(200)).body;
    const constant = ({ access_token }: TokenAnswer) => {
      const { iat: _iat, exp: _exp, jti: _jti, ...rest } = readJwt(access_token).claims;
      return rest;
    };
    assert.deepEqual(constant(after), constant(before));
  });

  it('come in new cookies to a session with token cookies', async () => {
    const app = tokenApp();
    const before = await app.signInWithCookies();
    const res = await app.http.post('/password').set('Cookie', cookieHeader(before)).expect(200);
    assert.deepEqual(Object.keys(res.body).sort(), ['expires_in', 'session_id']);
    const after = cookiesOf(res);
    assert.deepEqual(Object.keys(after), ['__Host-access', '__Host-refresh']);
    await app.http.get('/me').set('Cookie', cookieHeader(before)).expect(401);
    await app.http.get('/me').set('Cookie', cookieHeader(after)).expect(200);
  });
});
