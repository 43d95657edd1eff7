import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import type { Middleware } from '../../lib/http/require-session.js';
import type { BeginStepUp, StepUpResponse } from '../../lib/http/routes/step-up.js';
import { SetupError } from '../../lib/internal/setup-error.js';
import type { Stepgate } from '../../lib/stepgate.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { copyOf, type StepUpAppOptions, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { frameworks, handle } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { faultyStore } from '../support/faulty-store.js';

/** An app with step-up routes of its own, each before and after a guard. */
const OWN_ROUTES: Pick<StepUpAppOptions, 'routes'> = {
  routes: (auth: Stepgate<string>) => {
    const calls: Readonly<Record<string, Middleware>> = {
      '/begin': handle((req) => auth.beginStepUp(req, bodyOf(req))),
      '/verify': handle((req, res) => auth.verifyStepUp(req, res, bodyOf(req))),
      '/only': handle((req) => auth.verifyOnly(req, bodyOf(req))),
      '/verify-then-who': handle(async (req, res) => {
        await auth.verifyStepUp(req, res, bodyOf(req));
        return auth.current(req);
      }),
    };
    const chains = Object.entries(calls).flatMap(([path, call]) => [
      [`/own${path}`, [bodyParser.json(), call]] as const,
      [`/guarded${path}`, [bodyParser.json(), auth.requireSession, call]] as const,
    ]);
    return Object.fromEntries(chains);
  },
};

function bodyOf(req: object): BeginStepUp<string> & StepUpResponse<string> {
  return (req as { body: BeginStepUp<string> & StepUpResponse<string> }).body; // which the parser has set
}

describe('the step-up calls of an app’s own routes', () => {
  for (const [name, create] of Object.entries(frameworks)) {
    for (const mount of ['/own', '/guarded']) {
      it(`begin and verify as our routes do, on ${name} below ${mount}`, async () => {
        const key = fakeKey();
        const app = stepUpApp({ create, methods: [key, fakeCode()], ...OWN_ROUTES });
        const browser = await app.signIn();
        const old = copyOf(browser, app.app);
        const { session } = (await browser.get('/me')).body;
        const begun = await browser.post(`${mount}/begin`, { body: { method: 'key' } });
        const { challengeId, options, ...rest } = begun.body;
        assert.deepEqual(rest, { method: 'key', expiresAt: app.clock.now() + 300_000, expiresIn: 300 });
        const verified = await browser.post(`${mount}/verify`, {
          body: { method: 'key', challengeId, response: key.right(options) },
        });
        assert.deepEqual(verified.body, {
          verified: true,
          userId: 'ada',
          method: 'key',
          verifiedAt: app.clock.now(),
          session_id: session.id,
        });
        assert.equal((await browser.post('/key')).status, 200);
        assert.equal((await old.post('/key')).status, 401);
      });
    }
  }

  it('hand out the new access token of a bearer session', async () => {
    const app = stepUpApp({ delivery: 'bearer', ...OWN_ROUTES });
    const { body } = await new Browser(app.app).signIn();
    assert.ok('access_token' in body);
    const headers = { Authorization: `Bearer ${body.access_token}` };
    const answer = { method: 'code', response: { code: 'code' } };
    const verified = (await new Browser(app.app).post('/own/verify', { body: answer, headers })).body;
    const { access_token, ...rest } = verified;
    assert.deepEqual(
      { token_type: rest.token_type, expires_in: rest.expires_in, refresh_token: rest.refresh_token },
      { token_type: 'Bearer', expires_in: 600, refresh_token: undefined },
    );
    const renewed = { Authorization: `Bearer ${access_token}` };
    assert.equal((await new Browser(app.app).post('/code', { headers: renewed })).status, 200);
    const cross = { ...renewed, 'Sec-Fetch-Site': 'cross-site' }; // our own routes don't take it from there either
    assertRefused(
      await new Browser(app.app).post('/own/verify', { body: answer, headers: cross }),
      403,
      'cross_origin',
    );
  });

  it('leave the request with the proof that was made', async () => {
    const { signIn, clock } = stepUpApp(OWN_ROUTES);
    const browser = await signIn('ada', { interactive: false });
    const answer = { method: 'code', response: { code: 'code' } };
    const { body } = await browser.post('/guarded/verify-then-who', { body: answer });
    assert.deepEqual(body.proofs, [{ method: 'code', verifiedAt: clock.now() }]);
  });

  it('verify a response to a verify-only challenge, of which nothing comes', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key, fakeCode()], ...OWN_ROUTES });
    const browser = await app.signIn();
    const before = browser.cookieHeader();
    const begun = (await browser.post('/own/begin', { body: { method: 'key', purpose: 'verify-only' } })).body;
    const body = { method: 'key', challengeId: begun.challengeId, response: key.right(begun.options) };
    assertRefused(await (await app.signIn('bea')).post('/own/only', { body }), 403, 'step_up_failed');
    assert.deepEqual((await browser.post('/own/only', { body })).body, { verified: true, userId: 'ada' });
    assertRefused(await browser.post('/own/only', { body }), 403, 'step_up_failed');
    assert.equal(browser.cookieHeader(), before);
    assert.equal((await browser.post('/key')).body.reason, 'missing');
    assert.deepEqual(app.told('step-up.succeeded'), []);
  });

  it('take a step-up challenge for no verify-only one, and burn it', async () => {
    const key = fakeKey();
    const { signIn } = stepUpApp({ methods: [key, fakeCode()], ...OWN_ROUTES });
    const browser = await signIn();
    const { challengeId, options } = (await browser.post('/own/begin', { body: { method: 'key' } })).body;
    const body = { method: 'key', challengeId, response: key.right(options) };
    for (const path of ['/own/only', '/own/verify']) {
      assertRefused(await browser.post(path, { body }), 403, 'step_up_failed');
    }
  });

  it('count what they verify only, too', async () => {
    const { signIn } = stepUpApp(OWN_ROUTES);
    const browser = await signIn();
    const body = { method: 'code', response: { code: 'wrong' } };
    for (let count = 0; count < 5; count += 1) {
      assertRefused(await browser.post('/own/only', { body }), 403, 'step_up_failed');
    }
    const right = { method: 'code', response: { code: 'code' } };
    for (const path of ['/own/only', '/own/verify', '/auth/step-up/verify']) {
      assertRefused(await browser.post(path, { body: right }), 429, 'method_locked');
    }
  });

  it('reject with the refusals that our routes answer with', async () => {
    const store = faultyStore(memoryStore());
    const app = stepUpApp({ store, ...OWN_ROUTES });
    const browser = await app.signIn();
    const right = { method: 'code', response: { code: 'code' } };
    const cross = { 'Sec-Fetch-Site': 'cross-site' };
    for (const path of ['/own/begin', '/own/verify', '/own/only']) {
      assertRefused(await new Browser(app.app).post(path, { body: right }), 401, 'session_required');
      assertRefused(await browser.post(path, { body: right, headers: cross }), 403, 'cross_origin');
      assertRefused(await browser.post(path, { body: { ...right, method: 'pin' } }), 400, 'request_invalid');
    }
    assertRefused(await browser.post('/own/verify', { body: { method: 'key', response: {} } }), 400, 'request_invalid');
    assertRefused(await browser.post('/own/verify', { body: { method: 'code' } }), 400, 'request_invalid');
    store.replace('change', () => Promise.reject(new Error('the disk is gone')));
    assertRefused(await browser.post('/own/verify', { body: right }), 500, 'store_unavailable');
    assert.deepEqual(app.errors, []);
  });
});

describe('the step-up calls of an instance without methods', () => {
  it('say what to configure', async () => {
    const { auth, app, errors } = stepUpApp({ methods: [], rules: {}, ...OWN_ROUTES });
    assert.throws(
      () => auth.requireFreshStepUp({ method: 'key', maxAge: '5m' }),
      /Configure one in the `methods` option first/,
    );
    const browser = new Browser(app);
    for (const path of ['/own/begin', '/own/verify', '/own/only']) {
      assert.equal((await browser.post(path, { body: { method: 'key' } })).status, 599);
    }
    assert.deepEqual(
      errors.map((error) => error instanceof SetupError && error.message.split('.')[0]),
      Array(3).fill('`methods` is empty'),
    );
    for (const call of [
      () => auth.methods.list('ada'),
      () => auth.methods.import('ada', 'key', {}),
      () => auth.methods.remove('ada', 'key'),
      () => auth.methods.unlock('ada', 'key'),
    ]) {
      await assert.rejects(call, /`methods` is empty/);
    }
  });
});
