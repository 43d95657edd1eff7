import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Store } from '../../lib/stores/contract/store.js';
import { manualClock } from '../../lib/testing/index.js';
import { SECRET as OLD } from '../support/instance.js';
import { forRules } from '../support/stores.js';
import { codeOf, opened, type TokenAnswer, tokenApp } from './app.js';
import { kidOf, readJwt } from './jwt.js';

const NEW = 'the secret that comes after it, 32 bytes or more';

/** Processes of one app, each with its own `secret` option, on one store and one clock. */
function processes<N extends string>(store: Store, secrets: Readonly<Record<N, string | readonly string[]>>) {
  const clock = manualClock();
  const start = (secret: string | readonly string[]) => tokenApp({ store, clock, secret, accessTokenLifetime: '1d' });
  const started = Object.entries<string | readonly string[]>(secrets).map(([name, secret]) => [name, start(secret)]);
  return { clock, ...(Object.fromEntries(started) as Record<N, ReturnType<typeof start>>) }; // made of the same names
}

describe('the rotation of secrets', () => {
  forRules((_name, makeStore) => {
    it('keeps what the old secret made until that is removed, and makes new things with the new one', async () => {
      const { clock, before, between, after } = processes(await opened(makeStore), {
        before: OLD,
        between: [NEW, OLD],
        after: NEW,
      });
      const [kept, moved] = [await before.signIn(), await before.signIn()];
      assert.equal(readJwt(kept.access_token).header['kid'], kidOf(OLD));

      await between.me(kept.access_token).expect(200);
      clock.advance('1h');
      const renewed: TokenAnswer = (await between.refresh(moved.refresh_token).expect(200)).body;
      assert.equal(readJwt(renewed.access_token).header['kid'], kidOf(NEW));
      assert.equal(readJwt((await between.signIn()).access_token).header['kid'], kidOf(NEW));
      await between.confirm(renewed.access_token);

      assert.equal(codeOf(await after.me(kept.access_token).expect(401)), 'session_invalid');
      assert.equal(codeOf(await after.refresh(kept.refresh_token).expect(401)), 'refresh_invalid');
      assert.equal(codeOf(await after.refresh(moved.refresh_token).expect(401)), 'refresh_invalid'); // no theft either
      await after.me(renewed.access_token).expect(200);
      clock.advance('1h');
      const next: TokenAnswer = (await after.refresh(renewed.refresh_token).expect(200)).body;
      await after.me(next.access_token).expect(200);
    });

    it('does not let a removed secret end a session', async () => {
      const { before, after } = processes(await opened(makeStore), { before: OLD, after: NEW });
      const pair = await before.signIn();
      await after.http.post('/auth/logout').send({ refresh_token: pair.refresh_token }).expect(204);
      await after.http.post('/auth/logout').set('Authorization', `Bearer ${pair.access_token}`).expect(204);
      await before.me(pair.access_token).expect(200);
    });

    it('answers a young token of the old secret with itself, and an access token of the new one', async () => {
      const { before, between } = processes(await opened(makeStore), { before: OLD, between: [NEW, OLD] });
      const pair = await before.signIn();
      const again: TokenAnswer = (await between.refresh(pair.refresh_token).expect(200)).body;
      assert.equal(again.refresh_token, pair.refresh_token);
      assert.equal(readJwt(again.access_token).jti, readJwt(pair.access_token).jti);
      assert.equal(readJwt(again.access_token).header['kid'], kidOf(NEW));
      await between.me(again.access_token).expect(200);
    });

    it('gives one pair by two processes that put the secrets in another order', async () => {
      const { clock, one, two } = processes(await opened(makeStore), { one: [OLD, NEW], two: [NEW, OLD] });
      const parent = await one.signIn();
      clock.advance('1h');
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : two).refresh(parent.refresh_token)),
      );
      const pairs = answers.map(({ status, body }) => {
        assert.equal(status, 200);
        return `${body.refresh_token} ${readJwt(body.access_token).jti}`;
      });
      assert.equal(new Set(pairs).size, 1);
      for (const { body } of answers.slice(0, 2)) {
        for (const app of [one, two]) await app.me(body.access_token).expect(200);
      }
    });

    it('refuses a parent whose successor was made by a secret that is gone, and revokes nothing', async () => {
      const { clock, one, two, after } = processes(await opened(makeStore), {
        one: [NEW, OLD],
        two: [OLD, NEW],
        after: NEW,
      });
      const parent = await one.signIn();
      clock.advance('1h');
      const child: TokenAnswer = (await two.refresh(parent.refresh_token).expect(200)).body;
      assert.equal(codeOf(await after.refresh(parent.refresh_token).expect(401)), 'refresh_invalid');
      await two.me(child.access_token).expect(200);
    });
  });
});
