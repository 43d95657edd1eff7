import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { codeOf, cookiesOf, tokenApp } from '../tokens/app.js';
import { readJwt, segment, signed, signingKey } from '../tokens/jwt.js';

/** Somebody who has the token of a session cookie puts it into a JWT, to get past what guards cookies only. */
describe('the token of a session cookie as the jti of a JWT', () => {
  async function stolen() {
    const app = tokenApp();
    const { access_token } = await app.signIn();
    const res = await app.http.post('/login').send({ delivery: 'cookie' }).expect(200);
    const jti = cookiesOf(res)['__Host-session'] ?? '';
    const { header, claims } = readJwt(access_token); // of the same user, so only the token is out of place
    return { app, header, claims: { ...claims, jti, sid: res.body.session_id } };
  }

  it('is refused under every signature that the attacker can make', async () => {
    const { app, header, claims } = await stolen();
    for (const forged of [
      signed(segment(header), segment(claims), 'the key of the attacker'),
      signed(segment({ alg: 'HS256', typ: 'at+jwt' }), segment(claims), 'the key of the attacker'),
      `${segment({ alg: 'none', typ: 'at+jwt' })}.${segment(claims)}.`,
    ]) {
      assert.equal(codeOf(await app.me(forged).expect(401)), 'session_invalid');
      const res = await app.http.get('/me').set('Cookie', `__Host-access=${forged}`).expect(401);
      assert.equal(codeOf(res), 'session_invalid');
      await app.http.post('/auth/logout').set('Authorization', `Bearer ${forged}`).expect(204); // ends nothing
    }
    const { body } = await app.http.get('/me').set('Cookie', `__Host-session=${claims.jti}`).expect(200);
    assert.equal(body.session.id, claims.sid);
  });

  it('is refused by the delivery of the session even under the genuine signature', async () => {
    const { app, header, claims } = await stolen();
    const forged = signed(segment(header), segment(claims), signingKey);
    assert.equal(codeOf(await app.me(forged).expect(401)), 'session_invalid');
    await app.http.get('/me').set('Cookie', `__Host-access=${forged}`).expect(401);
    const reasons = app.events.map((event) => (event.type === 'session.refused' ? event.reason : null));
    assert.deepEqual(reasons.slice(-2), ['delivery-mismatch', 'delivery-mismatch']);
  });
});
