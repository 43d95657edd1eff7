// Enrolment by a copied session (SP 800-63B-4 4.1.2.1): the attacker has the cookie of an app's session of unknown age, and its user has no method yet.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { copyOf, stepUp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { foreignApp } from '../support/foreign-app.js';

describe('a first key, for whoever has a cookie of the app’s session', () => {
  const routes = ((auth) => ({ '/enrol': [auth.requireEnrolmentProof] })) satisfies NonNullable<
    Parameters<typeof foreignApp>[0]
  >['routes'];

  it('is not set up where the app doesn’t say when its user signed in, and nobody is asked to do so for ever', async () => {
    const key = fakeKey();
    key.users.clear();
    const app = foreignApp({ methods: [key], rules: {}, routes });
    const ada = app.signIn('ada', { signedInAt: undefined as never });
    for (const browser of [ada, copyOf(ada, app.app)]) {
      const refused = await browser.post('/enrol');
      assert.deepEqual([refused.status, refused.body.code], [403, 'step_up_unavailable']);
    }
  });

  it('is set up with a proof of another method then', async () => {
    const [key, code] = [fakeKey(), fakeCode()];
    key.users.clear();
    const app = foreignApp({ methods: [key, code], routes });
    const ada = app.signIn('ada', { signedInAt: undefined as never });
    const thief = copyOf(ada, app.app);
    assert.deepEqual((await ada.post('/enrol')).body.missing, [['code']]);
    await stepUp(ada, code);
    assert.equal((await ada.post('/enrol')).status, 200);
    assert.equal((await thief.post('/enrol')).body.reason, 'missing');
  });

  it('is not set up later than five minutes after the sign-in that the app tells of', async () => {
    const key = fakeKey();
    key.users.clear();
    const app = foreignApp({ methods: [key], rules: {}, routes });
    const ada = app.signIn();
    assert.equal((await ada.post('/enrol')).status, 200);
    app.clock.advance('5m');
    assert.equal((await copyOf(ada, app.app).post('/enrol')).body.reason, 'expired');
  });
});
