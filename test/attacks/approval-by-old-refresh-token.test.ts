// A refresh token that was copied before its owner's step-up would bring the thief to what the owner approves by it: the action happens, and its answer (a new key, an export) is the thief's.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import {
  type ActionApp,
  actionApp,
  answer,
  approve,
  ask,
  assertNotApproved,
  assertPasses,
  TRANSFER,
} from '../actions/app.js';
import { stepUp, verify } from '../step-up/app.js';
import { faultyParts } from '../step-up/faulty-parts.js';
import { assertRefused } from '../support/answers.js';
import { Client, DELIVERIES, REFRESHED } from '../support/client.js';
import { forRules } from '../support/stores.js';

const ages = { 'of this moment': 0, 'of a minute ago': 60_000 } as const;

function wait({ clock }: ActionApp, milliseconds: number): void {
  clock.set(clock.now() + milliseconds);
}

forRules((_name, makeStore) => {
  for (const delivery of REFRESHED) {
    for (const [age, milliseconds] of Object.entries(ages)) {
      describe(`a refresh token ${age}, copied from a client with ${delivery}`, () => {
        it('spends no approval that was made after it was copied', async () => {
          const app = actionApp({ store: await makeStore() });
          const owner = await Client.signedIn(app, delivery);
          const thief = owner.copy();
          wait(app, milliseconds);
          await approve(owner, TRANSFER, app.key);
          await thief.refreshed();
          for (const each of [thief, owner]) await assertNotApproved(each, TRANSFER);
          assert.deepEqual(app.passed, []);
        });

        it('spends none that was made before it was copied either', async () => {
          const app = actionApp({ store: await makeStore() });
          const owner = await Client.signedIn(app, delivery);
          wait(app, milliseconds);
          await approve(owner, TRANSFER, app.key);
          await app.auth.flush();
          const thief = owner.copy();
          await thief.refreshed();
          await assertNotApproved(thief, TRANSFER);
          assert.deepEqual(app.passed, []);
        });

        it('takes the approval from its owner’s own refresh, too, who is asked again', async () => {
          const app = actionApp({ store: await makeStore() });
          const owner = await Client.signedIn(app, delivery);
          wait(app, milliseconds);
          await approve(owner, TRANSFER, app.key);
          await owner.refreshed();
          await assertNotApproved(owner, TRANSFER);
          await approve(owner, TRANSFER, app.key);
          await assertPasses(owner, TRANSFER);
        });

        it('makes no answer good to a challenge from before the refresh', async () => {
          const app = actionApp({ store: await makeStore() });
          const owner = await Client.signedIn(app, delivery);
          // A step-up, so that the refresh of a young token gives a new session token as well.
          assert.equal((await verify(owner, 'code', app.code.right(null))).status, 200);
          const thief = owner.copy();
          wait(app, milliseconds);
          const challenge = await ask(owner, TRANSFER);
          await thief.refreshed();
          assertRefused(await answer(owner, challenge, app.key), 403, 'step_up_failed');
          assertRefused(await answer(thief, challenge, app.key), 403, 'step_up_failed');
          for (const each of [owner, thief]) await assertNotApproved(each, TRANSFER);
          assert.deepEqual(app.passed, []);
        });

        it('spends nothing of an answer that is verified at the same time', async () => {
          const store = faultyParts(await makeStore());
          const app = actionApp({ store });
          const owner = await Client.signedIn(app, delivery);
          assert.equal((await verify(owner, 'code', app.code.right(null))).status, 200);
          const thief = owner.copy();
          wait(app, milliseconds);
          const challenge = await ask(owner, TRANSFER);
          // Right, and not written down yet.
          store.replace('attempts.reset', async (run) => {
            store.mend();
            await thief.refreshed();
            return run();
          });
          assert.equal((await answer(owner, challenge, app.key)).status, 200);
          for (const each of [thief, owner]) await assertNotApproved(each, TRANSFER);
          assert.deepEqual(app.passed, []);
        });
      });
    }
  }

  for (const delivery of REFRESHED) {
    describe(`a refresh token of the same age as its owner’s, with ${delivery}`, () => {
      it('spends no approval as the parent of the token that the owner has, within the grace period', async () => {
        const app = actionApp({ store: await makeStore() });
        const owner = await Client.signedIn(app, delivery);
        const thief = owner.copy();
        app.clock.advance('1m');
        await owner.refreshed();
        await approve(owner, TRANSFER, app.key);
        await thief.refreshed();
        await assertNotApproved(thief, TRANSFER);
        assert.deepEqual(app.passed, []);
      });

      it('spends none that its owner is asked for anew, after the thief’s refresh', async () => {
        const app = actionApp({ store: await makeStore() });
        const owner = await Client.signedIn(app, delivery);
        const thief = owner.copy();
        app.clock.advance('1m');
        const challenge = await ask(owner, TRANSFER);
        await thief.refreshed();
        assertRefused(await answer(owner, challenge, app.key), 403, 'step_up_failed');
        await approve(owner, TRANSFER, app.key); // by the previous token: the owner has the current one then
        await assertNotApproved(thief, TRANSFER);
        await assertPasses(owner, TRANSFER);
      });
    });
  }

  for (const delivery of DELIVERIES) {
    describe(`a session token of before the step-up, copied from a client with ${delivery}`, () => {
      it('ends the approval where the thief steps up by a weaker method, and never spends it', async () => {
        const app = actionApp({ store: await makeStore() });
        const owner = await Client.signedIn(app, delivery);
        const thief = owner.copy();
        await approve(owner, TRANSFER, app.key);
        assert.equal((await verify(thief, 'code', app.code.right(null))).status, 200);
        await assertNotApproved(thief, TRANSFER);
        await assertNotApproved(owner, TRANSFER);
        assert.deepEqual(app.passed, []);
      });

      it('never comes to the proof of the stronger method', async () => {
        const app = actionApp({ store: await makeStore() });
        const owner = await Client.signedIn(app, delivery);
        const thief = owner.copy();
        await stepUp(owner, app.key);
        assert.equal((await verify(thief, 'code', app.code.right(null))).status, 200);
        assert.equal((await thief.post('/key')).body.reason, 'missing');
        // The owner has the previous token now: signed in, and asked again.
        assert.equal(await owner.isSignedIn(), true);
        assert.equal((await owner.post('/key')).body.reason, 'missing');
        assert.deepEqual(app.passed, []);
      });
    });
  }
});
