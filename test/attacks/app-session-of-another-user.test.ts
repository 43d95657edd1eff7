// Elevation that outlives its user: somebody else signs in to the app in the same browser, or the same user does so again, and finds the proofs of before.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { stepUp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { APP_COOKIE, confirmPayment, foreignApp, STEP_UP_COOKIE } from '../support/foreign-app.js';
import { forEachStore } from '../support/stores.js';

const key = fakeKey();
const methods = [key, fakeCode()];

forEachStore((_name, makeStore) => {
  describe('a browser in which somebody has proved something', () => {
    for (const userId of ['ada', 'bea']) {
      it(`has proved nothing once ${userId} has signed in there anew`, async () => {
        const app = foreignApp({ methods, store: await makeStore() });
        const browser = app.signIn('ada');
        await stepUp(browser, key);
        assert.equal((await confirmPayment(browser, key)).status, 200);
        browser.cookies.set(APP_COOKIE, app.signIn(userId).cookies.get(APP_COOKIE) ?? '');
        assert.ok(browser.cookies.has(STEP_UP_COOKIE));
        assert.equal((await browser.post('/key')).body.reason, 'missing');
        assert.equal((await browser.post('/pay', { body: { to: 'bea' } })).body.reason, 'missing');
      });
    }

    it('has proved nothing after a sign-out by stepgate, whatever was copied of it before', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      await stepUp(ada, key);
      const thief = app.signIn();
      for (const [name, value] of ada.cookies) thief.cookies.set(name, value);
      assert.equal((await thief.post('/key')).status, 200); // it is a copy of all there is
      assert.equal((await ada.post('/auth/logout')).status, 204);
      assert.equal((await thief.post('/key')).body.reason, 'missing');
    });
  });
});
