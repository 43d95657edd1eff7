import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { codeOf, cookieHeader, cookiesOf, tokenApp } from '../tokens/app.js';

/** Somebody plants the refresh cookie of his own session beside the victim's access cookie. */
describe('a planted refresh cookie', () => {
  for (const [what, wait] of [
    ['while the access token is valid', '1m'],
    ['when the access token has expired', '1h'],
  ] as const) {
    it(`does not carry the victim into the attacker’s session ${what}`, async () => {
      const app = tokenApp();
      const signIn = async (userId: string) =>
        cookiesOf(await app.http.post('/login').send({ userId, delivery: 'token-cookies' }).expect(200));
      const victim = await signIn('victim');
      const attacker = await signIn('attacker');
      app.clock.advance(wait);
      app.events.length = 0;

      const planted = cookieHeader({ ...victim, '__Host-refresh': attacker['__Host-refresh'] ?? '' });
      const res = await app.http.post('/auth/token/refresh').set('Cookie', planted).expect(401);
      assert.equal(codeOf(res), 'refresh_invalid');
      assert.equal(res.get('Set-Cookie'), undefined);
      assert.deepEqual(
        app.events.map((event) => event.type === 'session.refused' && event.reason),
        ['session-mismatch'],
      );
      await app.http.post('/auth/token/refresh').set('Cookie', cookieHeader(victim)).expect(200);
    });
  }
});
