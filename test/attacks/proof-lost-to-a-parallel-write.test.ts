// Lost update of the elevation (express-session #361, lfx #1938): a request that began before a step-up writes its old idea of the session back after it.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { answer, copyOf, stepUp, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { faultyParts } from '../step-up/faulty-parts.js';
import { forEachStore } from '../support/stores.js';

forEachStore((_name, makeStore) => {
  describe('a proof', () => {
    it('outlives the touches of requests that began before it, and revives nothing that it dropped', async () => {
      const key = fakeKey();
      const store = faultyParts(await makeStore());
      const app = stepUpApp({ methods: [key, fakeCode()], store });
      const browser = await app.signIn();
      const old = copyOf(browser, app.app);
      app.clock.advance('5m');
      const late: (() => unknown)[] = [];
      store.replace('sessions.touch', (run) => void late.push(run)); // the disk is slow
      await old.get('/me');
      await app.auth.flush();
      store.mend();
      await stepUp(browser, key);
      for (const write of late) await write();
      assert.equal(late.length > 0, true);
      assert.equal((await browser.post('/key')).status, 200);
      await browser.delete('/auth/step-up');
      for (const write of late) await write();
      assert.equal((await browser.post('/key')).body.reason, 'missing');
    });

    it('is kept beside those that its token has, and of two made at the same time the later stands alone', async () => {
      const key = fakeKey();
      const code = fakeCode();
      const rules = {
        '/both': {
          allOf: [
            { method: 'key', maxAge: '5m' },
            { method: 'code', maxAge: '5m' },
          ],
        },
        '/key': { method: 'key', maxAge: '5m' },
      } as const;
      const app = stepUpApp({ methods: [key, code], rules, store: await makeStore() });
      const browser = await app.signIn();
      await stepUp(browser, key);
      await stepUp(browser, code);
      assert.equal((await browser.post('/both')).status, 200);
      const tabs = [copyOf(browser, app.app), copyOf(browser, app.app)] as const;
      for (const { status } of await Promise.all([answer(tabs[0], key), answer(tabs[1], key)]))
        assert.equal(status, 200);
      const lacking = await Promise.all(tabs.map(async (tab) => (await tab.post('/both')).body.reason));
      assert.deepEqual(lacking, ['missing', 'missing']); // the earlier token's proofs may be somebody else's
      const passed = await Promise.all(tabs.map(async (tab) => (await tab.post('/key')).status));
      assert.equal(passed.filter((status) => status === 200).length, 1);
      const later = tabs[passed.indexOf(200)] ?? assert.fail();
      await stepUp(later, code);
      assert.equal((await later.post('/both')).status, 200);
    });
  });
});
