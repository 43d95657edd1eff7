// Credential in a URL (ASVS 14.2.1): the token of a client without cookies, where logs and other sites see it; and a page that sends it as such a client would.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { copyOf, stepUp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { foreignApp, STEP_UP_COOKIE } from '../support/foreign-app.js';

const key = fakeKey();
const methods = [key, fakeCode()];

describe('the token by which a client without cookies shows what it proved', () => {
  it('is read from its header only', async () => {
    const app = foreignApp({ methods });
    const client = app.signInByHeader();
    await stepUp(client, key);
    const { stepUpToken: token } = client;
    client.stepUpToken = undefined;
    for (const path of [`/key?step_up_token=${token}`, `/key?Stepgate-Step-Up=${token}`]) {
      assert.equal((await client.post(path)).body.reason, 'missing');
    }
    const headers = { Cookie: `${STEP_UP_COOKIE}=${token}`, Authorization: `Bearer ${token}` };
    assert.equal((await client.post('/key', { headers })).body.reason, 'missing');
    assert.equal((await client.post('/key', { body: { step_up_token: token } })).body.reason, 'missing');
    client.stepUpToken = token;
    assert.equal((await client.post('/key')).status, 200);
  });

  it('is not what a page sends, whose session comes in a cookie', async () => {
    const app = foreignApp({ methods });
    const ada = app.signIn();
    await stepUp(ada, key);
    const token = ada.cookies.get(STEP_UP_COOKIE);
    const page = copyOf(ada, app.app);
    page.cookies.delete(STEP_UP_COOKIE);
    assert.equal((await page.post('/key', { headers: { 'Stepgate-Step-Up': token } })).body.reason, 'missing');
  });
});
