import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { signedIn } from '../../lib/testing/index.js';
import { stepUp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { APP_COOKIE, foreignApp, STEP_UP_COOKIE } from '../support/foreign-app.js';
import { testInstance } from '../support/instance.js';

const key = fakeKey();
const methods = [key, fakeCode()];

describe('signedIn, for a session that the app keeps', () => {
  it('proves what the test asks for, as old as it asks for, for this session alone', async () => {
    const app = foreignApp({ methods });
    const ada = app.signIn();
    const { session } = (await ada.get('/auth/session')).body;
    for (const [age, status] of [
      ['4m', 200],
      ['5m', 401],
    ] as const) {
      const { headers } = await signedIn(app.auth, { session, proofs: { key: age } });
      const sent = { headers: { Cookie: `${APP_COOKIE}=${ada.cookies.get(APP_COOKIE)}; ${headers['cookie']}` } };
      assert.equal((await ada.post('/key', sent)).status, status);
      assert.equal((await ada.post('/code', sent)).status, 401);
      const other = app.signIn();
      other.cookies.set(STEP_UP_COOKIE, String(headers['cookie']).split('=')[1] ?? '');
      assert.equal((await other.post('/key')).status, 401);
    }
    await stepUp(ada, key);
    assert.equal((await ada.post('/key')).status, 200);
  });

  it('does so for clients without cookies, too', async () => {
    const app = foreignApp({ methods });
    const client = app.signInByHeader();
    const { session } = (await client.get('/auth/session')).body;
    const { headers } = await signedIn(app.auth, { session, proofs: { key: '1m' } });
    assert.equal((await client.post('/key', { headers })).status, 200);
  });

  it('is refused by an instance with sessions of its own', async () => {
    const { auth } = testInstance({ methods });
    const session = { id: 'one', userId: 'ada', delivery: 'cookie' } as const;
    await assert.rejects(signedIn(auth, { session, proofs: {} }), { name: 'SetupError', message: /`session` is for/ });
  });
});
