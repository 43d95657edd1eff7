// Replay of a token that was replaced (ASVS 7.2.4): the attacker has copied all cookies of a browser whose owner goes on to prove more.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { begin, copyOf, stepUp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { foreignApp } from '../support/foreign-app.js';
import { forEachStore } from '../support/stores.js';

const key = fakeKey();
const code = fakeCode();
const methods = [key, code];

forEachStore((_name, makeStore) => {
  describe('the token of what was proved for a session of the app', () => {
    it('proves nothing any more after the next proof, and there is no overlap', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      await stepUp(ada, code);
      const thief = copyOf(ada, app.app);
      await stepUp(ada, key);
      for (const path of ['/key', '/code']) {
        assert.equal((await thief.post(path)).body.reason, 'missing');
        assert.equal((await ada.post(path)).status, 200);
      }
    });

    it('leads to an elevation of its own then, and takes nothing from its owner', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      await stepUp(ada, code);
      const thief = copyOf(ada, app.app);
      await stepUp(ada, key);
      await stepUp(thief, code);
      assert.equal((await thief.post('/key')).body.reason, 'missing');
      assert.equal((await ada.post('/key')).status, 200);
    });

    it('gives whoever goes on with it first nothing of what its owner proves next', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      await stepUp(ada, code);
      const thief = copyOf(ada, app.app);
      await stepUp(thief, code);
      await stepUp(ada, key);
      assert.equal((await thief.post('/key')).body.reason, 'missing');
      assert.equal((await ada.post('/key')).status, 200);
      assert.equal((await ada.post('/code')).body.reason, 'missing');
    });

    it('gives neither of two who go on at once what the other proves', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      for (let turn = 0; turn < 5; turn += 1) {
        const ada = app.signIn();
        await stepUp(ada, code);
        app.clock.advance('5m');
        const thief = copyOf(ada, app.app);
        const { challengeId, options } = await begin(ada, 'key');
        const [one, other] = await Promise.all([
          verify(ada, 'key', key.right(options), challengeId),
          verify(thief, 'code', code.right(null)),
        ]);
        assert.deepEqual([one.status, other.status], [200, 200]);
        assert.equal((await thief.post('/key')).body.reason, 'missing');
        for (const [browser, path] of [
          [ada, '/key'],
          [thief, '/code'],
        ] as const) {
          assert.equal((await browser.post(path)).status, 200);
        }
      }
    });
  });
});
