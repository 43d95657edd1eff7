// Risk decides which rule a request has to meet: what was approved by the weaker rule's password must not pass the guard that names the key.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import {
  type ActionApp,
  type ActionRequest,
  actionApp,
  approve,
  assertNotApproved,
  assertPasses,
} from '../actions/app.js';
import { confirm } from '../step-up/app.js';
import { Client, DELIVERIES } from '../support/client.js';
import { type FullStore, forRules } from '../support/stores.js';

const PAY: ActionRequest = { path: '/pay', body: { to: 'eve', amount: 9_999 } };
type Names = readonly ('key' | 'code')[];

/** `/pay` has to be approved by one of the methods that are named at the time. */
function riskyApp(store: FullStore): ActionApp & { ask(...methods: Names): void } {
  let asked: Names = ['key', 'code'];
  const app = actionApp({
    store,
    routes: (auth) => ({
      '/pay': [
        bodyParser.json(),
        (req, res, next) =>
          auth.requireFreshStepUp({ method: asked, bind: ({ body }) => ({ ...body }) })(req, res, next),
      ],
    }),
  });
  return {
    ...app,
    ask(...methods) {
      asked = methods;
    },
  };
}

forRules((_name, makeStore) => {
  for (const delivery of DELIVERIES) {
    describe(`an approval by the code, of a client with ${delivery}`, () => {
      it('doesn’t pass a guard that names the key, which leaves it for its own', async () => {
        const app = riskyApp(await makeStore());
        const thief = await Client.signedIn(app, delivery);
        await approve(thief, PAY, app.code);
        app.ask('key');
        await assertNotApproved(thief, PAY);
        assert.deepEqual(app.passed, []);
        app.ask('code', 'key');
        await assertPasses(thief, PAY);
      });

      it('is of no use beside its owner’s, by the key', async () => {
        const app = riskyApp(await makeStore());
        const owner = await Client.signedIn(app, delivery);
        const thief = owner.copy();
        await approve(thief, PAY, app.code);
        app.ask('key');
        await assertNotApproved(owner, PAY);
        await approve(owner, PAY, app.key);
        await assertNotApproved(thief, PAY); // not before: its use of a bearer token ends the owner's older one
        await confirm(app, owner);
        await assertPasses(owner, PAY);
      });
    });
  }

  describe('an approval', () => {
    it('by the key is for the rule that asked for it only, however strong it is', async () => {
      const app = riskyApp(await makeStore());
      const ada = await Client.signedIn(app, 'cookie');
      await approve(ada, PAY, app.key);
      for (const methods of [['key'], ['code']] as const) {
        app.ask(...methods);
        await assertNotApproved(ada, PAY);
      }
      app.ask('key', 'code');
      await assertPasses(ada, PAY);
    });

    it('by the key is not taken for the code that another `once` asks for at the same URL', async () => {
      const app = actionApp({
        store: await makeStore(),
        routes: (auth) => {
          const key = auth.requireFreshStepUp({ method: 'key', once: true });
          const code = auth.requireFreshStepUp({ method: 'code', once: true });
          return { '/by-turns': [(req, res, next) => (req.headers['x-turn'] === 'key' ? key : code)(req, res, next)] };
        },
      });
      const ada = await Client.signedIn(app, 'cookie');
      const byKey = { path: '/by-turns', headers: { 'X-Turn': 'key' } };
      await approve(ada, byKey, app.key);
      await assertNotApproved(ada, { path: '/by-turns' });
      await assertPasses(ada, byKey);
    });

    it('by a method that the user has lost since passes nothing', async () => {
      const app = riskyApp(await makeStore());
      const ada = await Client.signedIn(app, 'cookie');
      await approve(ada, PAY, app.code);
      app.code.users.delete('ada');
      await assertNotApproved(ada, PAY);
      assert.deepEqual(app.passed, []);
    });
  });
});
