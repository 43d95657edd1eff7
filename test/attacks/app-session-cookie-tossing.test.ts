// Cookie tossing (RFC 6265bis 8.6): whoever can plant a cookie for the app, from a sibling domain or over http, plants the token of what was proved.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { copyOf, stepUp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { foreignApp, STEP_UP_COOKIE } from '../support/foreign-app.js';

const key = fakeKey();
const code = fakeCode();
const methods = [key, code];

describe('a planted cookie of what was proved', () => {
  it('beside the true one is refused, and told of, and never asks for a proof again and again', async () => {
    const app = foreignApp({ methods });
    const ada = app.signIn();
    await stepUp(ada, key);
    const planted = app.signIn();
    await stepUp(planted, key);
    const own = ada.cookies.get(STEP_UP_COOKIE);
    const other = planted.cookies.get(STEP_UP_COOKIE);
    for (const [first, second] of [
      [own, other],
      [other, own],
      [own, own],
      ['', own],
    ]) {
      const thief = copyOf(ada, app.app);
      thief.cookies.delete(STEP_UP_COOKIE);
      const headers = { Cookie: `${thief.cookieHeader()}; ${STEP_UP_COOKIE}=${first}; ${STEP_UP_COOKIE}=${second}` };
      for (const path of ['/key', '/auth/step-up/options', '/auth/step-up/verify']) {
        assertRefused(await thief.post(path, { headers, body: { method: 'key' } }), 401, 'session_invalid');
      }
      assert.equal((await thief.get('/me', { headers })).status, 200); // which asks for no proof
    }
    assert.equal(app.told('session.refused').length, 12);
    assert.equal((await ada.post('/key')).status, 200);
  });

  it('alone is the planter’s own proof, and so none for the user', async () => {
    const app = foreignApp({ methods });
    const ada = app.signIn();
    const thief = app.signIn();
    await stepUp(thief, key);
    ada.cookies.set(STEP_UP_COOKIE, thief.cookies.get(STEP_UP_COOKIE) ?? '');
    assert.equal((await ada.post('/key')).body.reason, 'missing');
    await stepUp(ada, key);
    assert.equal((await ada.post('/key')).status, 200);
  });

  it('of the same session, by whoever copied it, gets nothing of what its owner proves', async () => {
    const app = foreignApp({ methods });
    const ada = app.signIn();
    const thief = copyOf(ada, app.app);
    await stepUp(thief, code);
    ada.cookies.set(STEP_UP_COOKIE, thief.cookies.get(STEP_UP_COOKIE) ?? '');
    await stepUp(ada, key); // by the planted token, which is replaced
    assert.equal((await ada.post('/key')).status, 200);
    for (const path of ['/key', '/code']) assert.equal((await thief.post(path)).body.reason, 'missing');
  });
});
