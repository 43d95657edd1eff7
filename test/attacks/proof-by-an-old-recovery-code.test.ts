// Recovery codes are made anew because somebody may have seen the old ones: what was proved with one of those goes, too.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { recoveryCode } from '../../lib/index.js';
import { stepUp, stepUpApp, verify } from '../step-up/app.js';
import { fakeKey } from '../step-up/fake-methods.js';
import type { Browser } from '../support/browser.js';
import { forRules } from '../support/stores.js';

const key = fakeKey();
const ASKS_A_CODE = { method: 'recovery-code', maxAge: '5m' } as const;

async function newCodes(browser: Browser): Promise<readonly string[]> {
  const { status, body } = await browser.post('/auth/recovery-codes');
  assert.equal(status, 201);
  return body.codes;
}

forRules((_name, makeStore) => {
  describe('whoever used a recovery code that they had seen', () => {
    it('has proved nothing any more when the owner has made new ones', async () => {
      const app = stepUpApp({
        methods: [key, recoveryCode()],
        store: await makeStore(),
        rules: { '/recovered': ASKS_A_CODE },
        routes: (auth) => ({ '/methods': [auth.requireEnrolmentProof] }),
      });
      const owner = await app.signIn();
      await stepUp(owner, key);
      const [code = ''] = await newCodes(owner);
      const thief = await app.signIn(); // who knows the password, say
      assert.equal((await verify(thief, 'recovery-code', { code })).status, 200);
      assert.equal((await thief.post('/recovered')).status, 200);
      await stepUp(owner, key);
      await newCodes(owner);
      for (const path of ['/recovered', '/methods']) {
        assert.equal((await thief.post(path)).body.code, 'step_up_required', path);
      }
      assert.equal((await owner.post('/methods')).status, 200);
    });
  });
});
