import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { memoryStore, stepgate } from '../../lib/index.js';
import type { Method } from '../../lib/methods/method.js';
import type { StepgateOptions } from '../../lib/options/index.js';
import { manualClock, signedIn } from '../../lib/testing/index.js';
import { testApp } from '../support/app.js';
import { testInstance } from '../support/instance.js';

const pin: Method<'pin'> = {
  name: 'pin',
  acr: null,
  amr: ['pin'],
  guessable: true,
  needs: [],
  enrolled: () => true,
  verify: () => ({ outcome: 'failed', reason: 'rejected' }),
};

function makeApp() {
  const auth = stepgate({
    secret: 'a secret of at least thirty-two bytes',
    issuer: 'https://app.example',
    store: memoryStore(),
    methods: [pin],
    clock: manualClock(),
  });
  const app = express();
  app.post('/role', auth.requireFreshStepUp({ method: 'pin', maxAge: '5m' }), (_req, res) => {
    res.json({ ok: true });
  });
  return { auth, app };
}

describe('signedIn', () => {
  it('reaches a guarded route from an app’s own test', async () => {
    const { auth, app } = makeApp();
    const { headers } = await signedIn(auth, { userId: 'u1', proofs: { pin: '1m' } });
    await request(app).post('/role').set(headers).expect(200);
    await auth.close();
  });

  it('makes proofs of the age that was asked for', async () => {
    const { auth, app } = makeApp();
    const young = await signedIn(auth, { userId: 'u1', proofs: { pin: 299 } });
    const old = await signedIn(auth, { userId: 'u1', proofs: { pin: '5m' } });
    await request(app).post('/role').set(young.headers).expect(200);
    const refused = await request(app).post('/role').set(old.headers).expect(401);
    assert.equal(refused.body.reason, 'expired');
    await auth.close();
  });

  it('signs in without any proof, by each delivery', async () => {
    const { auth, app } = makeApp();
    for (const delivery of ['cookie', 'bearer', 'token-cookies'] as const) {
      const { headers, session } = await signedIn(auth, { userId: 'u1', delivery });
      assert.equal(session.delivery, delivery);
      const refused = await request(app).post('/role').set(headers).expect(401);
      assert.equal(refused.body.code, 'step_up_required');
    }
    await auth.close();
  });

  for (const options of [
    { csrf: 'strict' },
    { policy: 'nist-aal2' },
    { policy: 'nist-aal3' },
    { policy: 'psd2' },
  ] satisfies Partial<StepgateOptions>[]) {
    for (const delivery of ['cookie', 'bearer', 'token-cookies'] as const) {
      it(`reaches guards and routes by ${delivery} with ${JSON.stringify(options)}`, async () => {
        const { auth } = testInstance({ ...options, methods: [pin] });
        const { app } = testApp(auth);
        const { headers } = await signedIn(auth, { userId: 'u1', delivery, proofs: { pin: '1m' } });
        assert.deepEqual((await request(app).post('/me').set(headers).expect(200)).body.proofs.length, 1);
        await request(app).delete('/auth/sessions').set(headers).expect(204);
        await request(app).get('/me').set(headers).expect(401);
      });
    }
  }

  it('signs in by the delivery of stepgate where the test names none', async () => {
    const { auth } = testInstance({ delivery: 'bearer', deliveries: ['bearer'] });
    const { session } = await signedIn(auth, { userId: 'u1' });
    assert.equal(session.delivery, 'bearer');
  });
});
