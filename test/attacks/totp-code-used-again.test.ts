// TOTP replay (CVE-2026-82470, CVE-2021-43177): the attacker sees a code over the user's shoulder and uses it at once.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Store } from '../../lib/stores/contract/store.js';
import { type Client, enrolmentApp } from '../http/enrolment-app.js';
import { cleanUp } from '../support/clean-up.js';
import { forRules } from '../support/stores.js';
import { totpCode } from '../support/totp.js';

async function enrolled(store: Store) {
  const app = enrolmentApp({ store });
  cleanUp(() => app.auth.close());
  const ada = await app.client();
  const secret = await ada.enrolTotp();
  return { app, ada, secret, code: totpCode(secret, app.clock.now()) };
}

async function isAccepted(client: Client, code: string): Promise<boolean> {
  const { status, body } = await client.stepUp('totp', { code });
  assert.ok(status === 200 || body.code === 'step_up_failed' || body.code === 'method_locked', body.code);
  return status === 200;
}

forRules((_name, makeStore) => {
  describe('a code that was accepted', () => {
    it('is refused in every other session, and in the same', async () => {
      const { app, ada, code } = await enrolled(await makeStore());
      const others = [await app.client(), await app.client()];
      assert.equal(await isAccepted(ada.copy(), code), true);
      for (const client of [ada, ...others]) assert.equal(await isAccepted(client, code), false);
    });

    it('is refused as long as its time lasts, and so are the codes before it', async () => {
      const { app, secret } = await enrolled(await makeStore());
      const earlier = totpCode(secret, app.clock.now() - 30_000);
      const code = totpCode(secret, app.clock.now());
      assert.equal(await isAccepted(await app.client(), code), true);
      assert.equal(await isAccepted(await app.client(), earlier), false);
      app.clock.advance('30s');
      assert.equal(await isAccepted(await app.client(), code), false);
      assert.equal(await isAccepted(await app.client(), totpCode(secret, app.clock.now())), true);
    });

    it('at the enrolment is refused at a step-up', async () => {
      const app = enrolmentApp({ store: await makeStore() });
      cleanUp(() => app.auth.close());
      const ada = await app.client();
      const { secret } = (await ada.post('/totp').expect(201)).body;
      const code = totpCode(secret, app.clock.now());
      await ada.post('/totp/confirm', { code }).expect(204);
      assert.equal(await isAccepted(ada, code), false);
    });

    it('is accepted once of 50 times at once, from ten sessions', async () => {
      const { app, code } = await enrolled(await makeStore());
      const clients: Client[] = [];
      while (clients.length < 10) clients.push(await app.client());
      const copies = Array.from({ length: 50 }, (_, index) => (clients[index % 10] ?? assert.fail()).copy());
      const accepted = await Promise.all(copies.map((client) => isAccepted(client, code)));
      assert.equal(accepted.filter(Boolean).length, 1);
    });
  });
});
