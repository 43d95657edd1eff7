// PostgreSQL keeps no NUL, and no store a lone surrogate: text of that kind must be refused at the door, or each request is
// an outage that costs a connection, and a row that one store took keeps the user from moving to another.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { passkeyApp } from '../http/passkey-app.js';
import { assertRefused } from '../support/answers.js';
import { forEachStore } from '../support/stores.js';

const LABELS = ['my\0phone', '\0', 'phone\0', '\ud83e', 'a\udd8a', 'two\nlines', '\u001b[31m'];
const IDS = ['%00', 'a%00b', '%ED%A0%80', '%01', 'a%20b', '%2F', '=', 'x'.repeat(2_000)];

forEachStore((_name, makeStore) => {
  describe('text that can’t be kept', () => {
    it('is a bad label and the id of nothing, and no failure of the store', async () => {
      const store = await makeStore(); // stepgate closes it
      const { userWithPasskey, events } = passkeyApp({ store });
      const { browser, key } = await userWithPasskey();
      const asked = (await browser.post('/auth/step-up/options', { body: { method: 'passkey' } })).body;
      const answer = { method: 'passkey', challengeId: asked.challengeId, response: key.get(asked.options) };
      assert.equal((await browser.post('/auth/step-up/verify', { body: answer })).status, 200);
      const [{ id }] = (await browser.get('/auth/passkeys')).body.passkeys;
      for (const label of LABELS) {
        const body = { challengeId: 'any', response: {}, label };
        assertRefused(await browser.post('/auth/passkeys', { body }), 400, 'request_invalid');
        assertRefused(await browser.send('PATCH', `/auth/passkeys/${id}`, { body: { label } }), 400, 'request_invalid');
      }
      for (const wrong of IDS) {
        const path = `/auth/passkeys/${wrong}`;
        // Of a path that is no UTF-8 the router says so itself.
        const expected = wrong === '%ED%A0%80' ? [400, 404] : [404];
        for (const response of [
          await browser.send('PATCH', path, { body: { label: 'x' } }),
          await browser.delete(path),
        ]) {
          assert.ok(expected.includes(response.status), `${wrong}: ${response.text}`);
        }
      }
      assert.deepEqual(
        events.filter(({ type }) => type === 'dependency.failed'),
        [],
      );
      assert.deepEqual(
        (await browser.get('/auth/passkeys')).body.passkeys.map(({ label }: { label: unknown }) => label),
        [null],
      );
    });
  });
});
