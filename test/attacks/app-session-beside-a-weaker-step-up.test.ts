// Elevation of a shared session (ASVS 7.2.4): the attacker has copied the cookie of the app's session, and can pass a weaker method beside its owner.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { copyOf, stepUp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { confirmPayment, foreignApp } from '../support/foreign-app.js';
import { forEachStore } from '../support/stores.js';

const key = fakeKey();
const code = fakeCode();
const methods = [key, code];

forEachStore((_name, makeStore) => {
  describe('who has the cookie of the app’s session and can pass a weaker method', () => {
    it('gets that method’s proof and no other, and takes none from the owner', async () => {
      const app = foreignApp({
        methods,
        store: await makeStore(),
        routes: (auth) => ({ '/enrol': [auth.requireEnrolmentProof] }),
      });
      const ada = app.signIn();
      const thief = copyOf(ada, app.app);
      for (const first of [ada, thief]) {
        await stepUp(first, first === ada ? key : code);
        await stepUp(first === ada ? thief : ada, first === ada ? code : key);
        for (const path of ['/key', '/enrol']) {
          assert.equal((await thief.post(path)).body.reason, 'missing');
          assert.equal((await ada.post(path)).status, 200);
        }
        assert.equal((await ada.post('/code')).body.reason, 'missing');
        app.clock.advance('5m');
      }
    });

    it('spends no confirmation of the owner’s', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      const thief = copyOf(ada, app.app);
      await stepUp(thief, code);
      assert.equal((await confirmPayment(ada, key)).status, 200);
      const body = { to: 'bea' };
      assert.equal((await thief.post('/pay', { body })).body.reason, 'missing');
      assert.equal((await ada.post('/pay', { body })).status, 200);
    });
  });
});
