// A refresh token is copied, its owner approves an action, and the thief refreshes and sends that action: its answer (a new key, an export) would go to the thief.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actionApp, answer, approve, ask, assertNotApproved, assertPasses, TRANSFER } from '../actions/app.js';
import { copyOf } from '../step-up/app.js';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';
import { forEachStore } from '../support/stores.js';

const refresh = (browser: Browser) => browser.post('/auth/token/refresh');

forEachStore((_name, makeStore) => {
  describe('a refresh token that was copied before an approval', () => {
    for (const [age, wait] of [
      ['old', '1m'],
      ['young', '1s'],
    ] as const) {
      it(`spends nothing of it when it is ${age}`, async (t) => {
        const app = actionApp(t, { store: await makeStore(), delivery: 'token-cookies' });
        const owner = await app.signIn();
        const thief = copyOf(owner, app.app);
        app.clock.advance(wait);
        await approve(owner, TRANSFER, app.key);
        assert.equal((await refresh(thief)).status, 200);
        await assertNotApproved(thief, TRANSFER);
        await assertNotApproved(owner, TRANSFER);
        assert.deepEqual(app.passed, []);
      });
    }

    it('spends nothing of it as the parent of the token that the owner has, within the grace period', async (t) => {
      const app = actionApp(t, { store: await makeStore(), delivery: 'token-cookies' });
      const owner = await app.signIn();
      const thief = copyOf(owner, app.app);
      app.clock.advance('1m');
      await refresh(owner);
      await approve(owner, TRANSFER, app.key);
      assert.equal((await refresh(thief)).status, 200);
      await assertNotApproved(thief, TRANSFER);
      assert.deepEqual(app.passed, []);
    });

    it('spends nothing of one that is given after the thief’s refresh, to a challenge from before', async (t) => {
      const app = actionApp(t, { store: await makeStore(), delivery: 'token-cookies' });
      const owner = await app.signIn();
      const thief = copyOf(owner, app.app);
      app.clock.advance('1m');
      const challenge = await ask(owner, TRANSFER);
      await refresh(thief);
      assertRefused(await answer(owner, challenge, app.key), 403, 'step_up_failed');
      await assertNotApproved(thief, TRANSFER);
      await approve(owner, TRANSFER, app.key); // asked anew, by the previous token: now the current one
      await assertNotApproved(thief, TRANSFER);
      await assertPasses(owner, TRANSFER);
    });
  });
});
