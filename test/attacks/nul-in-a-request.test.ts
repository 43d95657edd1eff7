// A NUL or a lone surrogate where a store would look for it, or keep it: PostgreSQL throws at one and SQLite gives the other back as something else, so that one client could raise alarms, cost connections, and stop a move.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { RefusalCode } from '../../lib/http/refusal.js';
import { actionApp, approve, assertIncomplete, assertPasses, TRANSFER } from '../actions/app.js';
import { begin, verify } from '../step-up/app.js';
import { assertRefused } from '../support/answers.js';
import type { Sent } from '../support/browser.js';
import { Client } from '../support/client.js';
import { addPasskey, byPasskey, methodApp, prove } from '../support/method-app.js';
import { forEachStore } from '../support/stores.js';

const TEXTS = ['\0', 'a\0b', `${'A'.repeat(21)}\0`, '\ud800', 'a\udc00b', `${'A'.repeat(21)}\udfff`];

type Case = readonly [method: string, path: string, sent: Sent, status: number, code: RefusalCode];

/** Every place of a request that could reach the store, with the text in it. */
function requests(text: string): readonly Case[] {
  const response = { id: text, rawId: text, type: 'public-key', response: {} };
  const post = (path: string, body: object, status: number, code: RefusalCode): Case => [
    'POST',
    `/auth${path}`,
    { body },
    status,
    code,
  ];
  const asQuery = encodeURIComponent(Buffer.from(text).toString());
  return [
    post('/step-up/verify', { method: 'passkey', challengeId: text, response }, 403, 'step_up_failed'),
    post('/step-up/verify', { method: 'code', challengeId: text, response: { code: 'code' } }, 403, 'step_up_failed'),
    post('/step-up/verify', { method: text, response: {} }, 400, 'request_invalid'),
    post('/step-up/verify', { method: 'code', response: {}, [text]: 1 }, 400, 'request_invalid'),
    post('/step-up/options', { method: text }, 400, 'request_invalid'),
    post('/step-up/options', { method: 'code', purpose: text }, 400, 'request_invalid'),
    post('/passkey/verify-assertion', { challengeId: text, response }, 403, 'step_up_failed'),
    post('/passkeys', { challengeId: text, response }, 403, 'step_up_failed'),
    post('/passkeys', { challengeId: text, response, label: text }, 400, 'request_invalid'),
    post('/sign-in/passkey', { challengeId: text, response }, 403, 'sign_in_refused'),
    post('/sign-in/passkey', { challengeId: text, response, delivery: text }, 400, 'request_invalid'),
    post('/token/refresh', { refresh_token: text }, 401, 'refresh_invalid'),
    ['DELETE', `/auth/passkeys/${asQuery}`, {}, 404, 'not_found'],
    ['DELETE', `/auth/sessions/${asQuery}`, {}, 404, 'not_found'],
    ['GET', `/auth/sessions?after=${asQuery}`, {}, 400, 'request_invalid'],
    ['GET', `/auth/sessions?limit=${asQuery}`, {}, 400, 'request_invalid'],
  ];
}

forEachStore((_name, makeStore, { rawRows }) => {
  describe('text that no store can keep', () => {
    it('is answered as a wrong one, wherever it stands, and nothing is written', async () => {
      const store = await makeStore();
      const app = methodApp({ store });
      const ada = await Client.signedIn(app, 'cookie', { method: 'code' });
      const key = await addPasskey(ada);
      app.clock.advance('1m');
      assert.equal((await prove(ada, 'passkey', byPasskey(key))).status, 200);
      assert.equal(await ada.isSignedIn(), true);
      await app.auth.flush();
      const before = await rawRows?.(store);
      for (const text of TEXTS) {
        for (const [method, path, sent, status, code] of requests(text)) {
          assertRefused(await ada.send(method, path, sent), status, code);
        }
      }
      await app.auth.flush();
      assert.deepEqual((await rawRows?.(store))?.toSorted(), before?.toSorted());
      assert.deepEqual(app.told('dependency.failed'), []);
      assert.deepEqual(app.errors, []);
    });

    it('in the answer to a challenge is a wrong answer', async () => {
      const app = methodApp({ store: await makeStore() });
      const ada = await Client.signedIn(app, 'cookie', { method: 'code' });
      const key = await addPasskey(ada);
      app.clock.advance('1m');
      assert.equal((await prove(ada, 'passkey', byPasskey(key))).status, 200);
      await ada.post('/auth/recovery-codes');
      for (const text of ['a\0b', '\ud800']) {
        const { challengeId, options } = await begin(ada, 'passkey');
        const response = { ...byPasskey(key)(options), id: text, rawId: text };
        assertRefused(await verify(ada, 'passkey', response, challengeId), 403, 'step_up_failed');
        assertRefused(await verify(ada, 'recovery-code', { code: text }), 403, 'step_up_failed');
        assertRefused(await ada.post('/auth/totp/confirm', { body: { code: text } }), 403, 'step_up_failed');
      }
      assert.deepEqual(app.told('dependency.failed'), []);
      assert.deepEqual(app.errors, []);
    });

    it('in what is approved is approved where it is text at all', async () => {
      const app = actionApp({ store: await makeStore() });
      const ada = await Client.signedIn(app, 'cookie');
      await assertIncomplete(ada, { ...TRANSFER, body: { to: 'b\ud800', amount: 1 } });
      await assertIncomplete(ada, { ...TRANSFER, body: { to: 'b\0a', amount: 1 } }); // its summary couldn't be shown
      const once = { path: '/once?to=%00' };
      await approve(ada, once, app.key);
      await assertPasses(ada, once);
      assert.deepEqual(app.told('dependency.failed'), []);
    });
  });
});
