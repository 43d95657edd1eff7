import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { forRules } from '../support/stores.js';
import { opened, type TokenAnswer, type TokenApp, tokenApp } from '../tokens/app.js';

/** A thief has copied a refresh token. Whoever of the two comes second shows that there are two. */
describe('a copied refresh token', () => {
  const refreshed = async (app: TokenApp, { refresh_token }: TokenAnswer): Promise<TokenAnswer> =>
    (await app.refresh(refresh_token).expect(200)).body;

  async function assertAllDead(app: TokenApp, ...pairs: readonly TokenAnswer[]): Promise<void> {
    for (const { access_token, refresh_token } of pairs) {
      await app.me(access_token).expect(401);
      await app.refresh(refresh_token).expect(401);
    }
  }

  forRules((_name, makeStore) => {
    it('ends the session when the thief comes after the owner', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const copied = await app.signIn();
      app.clock.advance('1m');
      const owners = await refreshed(app, copied);
      await app.confirm(owners.access_token);
      app.clock.advance('1h');
      await app.refresh(copied.refresh_token).expect(401);
      await assertAllDead(app, copied, owners);
    });

    it('ends the session when the owner comes after the thief', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const copied = await app.signIn();
      app.clock.advance('1m');
      const thiefs = await refreshed(app, copied);
      await app.confirm(thiefs.access_token);
      app.clock.advance('1m');
      const thiefsNext = await refreshed(app, thiefs);
      await app.refresh(copied.refresh_token).expect(401);
      await assertAllDead(app, copied, thiefs, thiefsNext);
    });

    it('ends no other session, not even one of the same user', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const [copied, phone, grace] = [await app.signIn(), await app.signIn(), await app.signIn('grace')];
      app.clock.advance('1m');
      await app.confirm((await refreshed(app, copied)).access_token);
      app.clock.advance('1m');
      await app.refresh(copied.refresh_token).expect(401);
      for (const other of [phone, grace]) await app.me((await refreshed(app, other)).access_token).expect(200);
    });

    it('is seen from any generation, at whatever age', async () => {
      const app = tokenApp({ store: await opened(makeStore) });
      const generations = [await app.signIn()];
      for (let age = 0; age < 5; age += 1) {
        app.clock.advance('1d');
        const last = generations.at(-1);
        assert.ok(last !== undefined);
        generations.push(await refreshed(app, last));
      }
      const [, second] = generations;
      assert.ok(second !== undefined);
      await app.refresh(second.refresh_token).expect(401);
      await assertAllDead(app, ...generations);
    });
  });
});
