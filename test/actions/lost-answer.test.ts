import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import { Client, DELIVERIES } from '../support/client.js';
import { type FullStore, forEachStore, shared } from '../support/stores.js';
import {
  type ActionApp,
  actionApp,
  answer,
  approve,
  assertNotApproved,
  assertPasses,
  send,
  TRANSFER,
  transferRule,
} from './app.js';

const DAY = 86_400_000;
const SENDS = 30;

/** The app after a deploy: `/transfers` may be approved by the code as well. */
function deployed({ store, clock }: ActionApp): ActionApp {
  return actionApp({
    store: shared(store),
    clock,
    routes: (auth) => ({
      '/transfers': [bodyParser.json(), auth.requireFreshStepUp({ ...transferRule, method: ['key', 'code'] })],
    }),
  });
}

interface Scene {
  readonly app: ActionApp;
  /** Whose answer was lost. */
  readonly client: Client;
  /** What it held before it approved. */
  readonly before: Client;
  readonly spentAt: number;
}

async function scene(store: FullStore, delivery: Client['delivery']): Promise<Scene> {
  const app = actionApp({ store });
  const client = await Client.signedIn(app, delivery);
  app.clock.advance('1m');
  const before = client.copy();
  await approve(client, TRANSFER, app.key);
  const spentAt = app.clock.now();
  await assertPasses(client.copy(), TRANSFER);
  app.clock.advance('5s'); // within the overlap of the token before
  return { app, client, before, spentAt };
}

async function assertSpent(client: Client, spentAt: number): Promise<void> {
  const { status, body } = await send(client, TRANSFER);
  assert.deepEqual([status, body.code, body.reason, body.spentAt], [401, 'step_up_required', 'spent', spentAt]);
  assert.equal(typeof body.challenge.id, 'string'); // for who says: do it again
}

forEachStore((_name, makeStore) => {
  for (const delivery of DELIVERIES) {
    describe(`an approved request whose answer was lost, with ${delivery}, says when it was done`, () => {
      it('sent again at once, and as often as it is sent', async () => {
        const { client, spentAt } = await scene(await makeStore(), delivery);
        for (let count = 0; count < 3; count += 1) await assertSpent(client, spentAt);
      });

      it('sent again by the previous token', async () => {
        const { app, before, client, spentAt } = await scene(await makeStore(), delivery);
        await assertSpent(before, spentAt);
        assert.equal(await client.isSignedIn(), true);
        await app.auth.flush();
        await assertSpent(before, spentAt);
      });

      it('sent again after a deploy with another rule', async () => {
        const { app, client, spentAt } = await scene(await makeStore(), delivery);
        const next = deployed(app);
        const there = client.copy(next);
        await assertSpent(there, spentAt);
        assert.deepEqual(next.passed, []);
        await assertSpent(client, spentAt);
      });

      it('sent again in another session of the user, once the first is ended', async () => {
        const { app, client, spentAt } = await scene(await makeStore(), delivery);
        await assertSpent(await Client.signedIn(app, delivery), spentAt);
        assert.equal((await client.post('/auth/logout')).status, 204);
        await assertSpent(await Client.signedIn(app, delivery), spentAt);
      });

      it('and is no business of other users', async () => {
        const { app } = await scene(await makeStore(), delivery);
        await assertNotApproved(await Client.signedIn(app, delivery, { userId: 'bea' }), TRANSFER);
      });

      if (delivery === 'cookie') return;

      for (const wait of ['1s', '2m'] as const) {
        it(`sent again after a refresh, ${wait} later`, async () => {
          const { app, client, before, spentAt } = await scene(await makeStore(), delivery);
          app.clock.advance(wait);
          await client.refreshed();
          await assertSpent(client, spentAt);
          await before.refreshed();
          await assertSpent(before, spentAt);
        });
      }
    });
  }

  describe('an approved request', () => {
    it(`sent ${SENDS} times at once passes once, and the others hear when`, async () => {
      const app = actionApp({ store: await makeStore() });
      const client = await Client.signedIn(app, 'cookie');
      await approve(client, TRANSFER, app.key);
      const answers = await Promise.all(Array.from({ length: SENDS }, () => send(client, TRANSFER)));
      const refused = answers.filter(({ status }) => status !== 200).map(({ body }) => [body.reason, body.spentAt]);
      assert.equal(refused.length, SENDS - 1);
      for (const heard of refused) assert.deepEqual(heard, ['spent', app.clock.now()]);
      assert.deepEqual(app.passed, ['/transfers']);
    });

    it('is remembered for a day', async () => {
      const { app, spentAt } = await scene(await makeStore(), 'cookie');
      app.clock.set(spentAt + DAY - 1);
      await assertSpent(await Client.signedIn(app, 'cookie'), spentAt);
      app.clock.set(spentAt + DAY);
      await assertNotApproved(await Client.signedIn(app, 'cookie'), TRANSFER);
    });

    it('is done again by who approves it again, and that is the time from then on', async () => {
      const { app, client, spentAt } = await scene(await makeStore(), 'cookie');
      const { challenge } = (await send(client, TRANSFER)).body;
      assert.equal((await answer(client, challenge, app.key)).status, 200);
      await assertPasses(client, TRANSFER);
      await assertSpent(client, spentAt + 5_000);
    });

    it('is not what another payee, amount or address is', async () => {
      const { client } = await scene(await makeStore(), 'cookie');
      for (const other of [
        { ...TRANSFER, body: { to: 'eve', amount: 10 } },
        { ...TRANSFER, body: { to: 'bea', amount: 11 } },
        { ...TRANSFER, path: '/transfers?now' },
        { ...TRANSFER, method: 'PUT' },
      ]) {
        await assertNotApproved(client, other);
      }
    });
  });
});
