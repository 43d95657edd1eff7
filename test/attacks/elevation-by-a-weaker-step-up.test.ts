// Elevation of a shared token (ASVS 7.2.4): the attacker has copied the cookie and can pass a weaker method. The token that this gives them must never be the one that carries the owner's stronger proof.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { answer, confirm, copyOf, stepUp, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { forEachStore } from '../support/stores.js';

const key = fakeKey();
const code = fakeCode();
const methods = [key, code];

forEachStore((_name, makeStore) => {
  describe('who has a copied cookie and steps up by a weaker method', () => {
    it('gains nothing by doing so first, and waiting until the owner passes the stronger one', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      const owner = await app.signIn();
      const thief = copyOf(owner, app.app);
      await stepUp(thief, code); // and doesn't use the new token, so that the owner's goes on working
      app.clock.advance('1h');
      assert.equal((await owner.get('/me')).status, 200);
      await stepUp(owner, key); // which makes the owner's token the current one, and the thief's the previous
      assert.equal((await owner.post('/key')).status, 200);
      assert.equal((await owner.post('/code')).body.reason, 'missing');
      assert.equal((await thief.post('/key')).body.reason, 'missing');
      await confirm(app, owner);
      app.clock.advance('10s');
      assertRefused(await thief.get('/me'), 401, 'session_invalid');
      assert.equal((await owner.post('/key')).status, 200);
    });

    it('gains nothing by doing so before the owner has used the token of the stronger one', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      const owner = await app.signIn();
      const thief = copyOf(owner, app.app);
      await stepUp(owner, key);
      await stepUp(thief, code);
      assert.equal((await thief.post('/key')).body.reason, 'missing');
      assert.equal((await thief.post('/code')).status, 200);
      for (const path of ['/key', '/code']) assert.equal((await owner.post(path)).body.reason, 'missing');
      await stepUp(owner, key);
      for (const path of ['/key', '/code']) assert.equal((await thief.post(path)).body.reason, 'missing');
      assert.equal((await owner.post('/key')).status, 200);
    });

    it('gains nothing by doing so at the same moment', async () => {
      const app = stepUpApp({ methods, store: await makeStore() });
      for (let turn = 0; turn < 5; turn += 1) {
        const owner = await app.signIn();
        const thief = copyOf(owner, app.app);
        const [one, other] = await Promise.all([answer(owner, key), answer(thief, code)]);
        assert.deepEqual([one.status, other.status], [200, 200]);
        assert.notEqual((await thief.post('/key')).status, 200);
        assert.notEqual((await owner.post('/code')).status, 200);
      }
    });
  });
});
