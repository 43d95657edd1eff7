// Elevation of a copied token (ASVS 7.2.4), where the app keeps the session and its cookie doesn't change: the attacker copies that cookie, and waits until its owner has stepped up.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { copyOf, stepUp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { APP_COOKIE, confirmPayment, foreignApp, STEP_UP_COOKIE } from '../support/foreign-app.js';
import { forEachStore } from '../support/stores.js';

const key = fakeKey();
const methods = [key, fakeCode()];

forEachStore((_name, makeStore) => {
  describe('a cookie of the app’s session that was copied before a step-up', () => {
    it('is not elevated, spends no confirmation, and learns of no proof', async () => {
      const app = foreignApp({
        methods,
        store: await makeStore(),
        routes: (auth) => ({ '/enrol': [auth.requireEnrolmentProof] }),
      });
      const ada = app.signIn();
      const thief = copyOf(ada, app.app);
      await stepUp(ada, key);
      assert.equal((await confirmPayment(ada, key)).status, 200);
      for (const path of ['/key', '/enrol']) assert.equal((await thief.post(path)).body.reason, 'missing');
      assert.equal((await thief.post('/pay', { body: { to: 'bea' } })).body.reason, 'missing');
      const { methods: shown } = (await thief.get('/auth/step-up')).body;
      assert.deepEqual(
        shown.map(({ verifiedAt }: { verifiedAt: unknown }) => verifiedAt),
        [null, null],
      );
      assert.equal((await ada.post('/pay', { body: { to: 'bea' } })).status, 200);
    });
  });

  describe('what was proved for a session of the app', () => {
    it('is worth nothing alone, with another session, or in another place of the request', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      await stepUp(ada, key);
      const token = ada.cookies.get(STEP_UP_COOKIE) ?? '';
      const alone = copyOf(ada, app.app);
      alone.cookies.delete(APP_COOKIE);
      assertRefused(await alone.post('/key'), 401, 'session_required');
      for (const userId of ['ada', 'bea']) {
        const other = app.signIn(userId);
        other.cookies.set(STEP_UP_COOKIE, token);
        assert.equal((await other.post('/key')).body.reason, 'missing');
      }
      const thief = copyOf(ada, app.app);
      thief.cookies.delete(STEP_UP_COOKIE);
      for (const query of [`step_up_token=${token}`, `Stepgate-Step-Up=${token}`, `${STEP_UP_COOKIE}=${token}`]) {
        assert.equal((await thief.post(`/key?${query}`)).body.reason, 'missing');
      }
      const headers = { 'Stepgate-Step-Up': token, Authorization: `Bearer ${token}` };
      assert.equal((await thief.post('/key', { headers })).body.reason, 'missing');
      assert.equal((await ada.post('/key')).status, 200);
    });
  });
});
