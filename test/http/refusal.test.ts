import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { describe, it } from '@jest/globals';
import supertest from 'supertest';
import { Refusal, type RefusalCode, type RefusalInit } from '../../lib/http/refusal.js';
import { sendRefusal } from '../../lib/http/router.js';
import { assertRefused } from '../support/answers.js';
import { echoRefusal, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { testInstance } from '../support/instance.js';
import { pin } from '../support/pin.js';

type Unauthorized = Extract<
  RefusalCode,
  'session_required' | 'session_invalid' | 'refresh_invalid' | 'step_up_required' | 'approval_required'
>;

/** All but those of 401, which need the challenge of a guard. */
const CODES: Readonly<Record<Exclude<RefusalCode, Unauthorized>, number>> = {
  action_incomplete: 400,
  refresh_missing: 400,
  request_invalid: 400,
  method_disabled: 403,
  sign_in_refused: 403,
  step_up_failed: 403,
  step_up_unavailable: 403,
  cross_origin: 403,
  api_key_refused: 403,
  restricted: 403,
  not_found: 404,
  method_not_allowed: 405,
  session_changed: 409,
  approval_decided: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  method_locked: 429,
  too_many_pending: 429,
  slow_down: 429,
  store_unavailable: 500,
};

/** What these codes never come without. */
const INITS: Readonly<Partial<Record<RefusalCode, RefusalInit>>> = {
  step_up_failed: { members: { reason: 'challenge' } },
  too_many_pending: { headers: { 'Retry-After': '5' }, members: { retryAfter: 5 } },
  method_locked: { headers: { 'Retry-After': '5' }, members: { retryAfter: 5 } },
  slow_down: { headers: { 'Retry-After': '5' }, members: { retryAfter: 5 } },
};

function answering(answer: (res: ServerResponse) => void): ReturnType<typeof supertest> {
  return supertest(createServer((_req, res) => answer(res)));
}

describe('sendRefusal', () => {
  for (const [code, status] of Object.entries(CODES) as [keyof typeof CODES, number][]) {
    it(`answers ${code} with ${status} and the same status in the body`, async () => {
      const response = await answering((res) => sendRefusal(res, new Refusal(code, INITS[code]))).get('/');
      assertRefused(response, status, code);
      assert.equal(Number(response.headers['content-length']), Buffer.byteLength(response.text));
    });
  }

  it('sends the headers of the refusal', async () => {
    const refusal = new Refusal('method_not_allowed', { headers: { Allow: 'GET, HEAD' } });
    const response = await answering((res) => sendRefusal(res, refusal)).get('/');
    assert.equal(response.headers['allow'], 'GET, HEAD');
  });

  it('replaces what the app said of caching', async () => {
    const response = await answering((res) => {
      res.setHeader('Cache-Control', 'public, max-age=600');
      sendRefusal(res, new Refusal('not_found'));
    }).get('/');
    assert.equal(response.headers['cache-control'], 'no-store');
  });

  it('says nothing of the cause', async () => {
    const refusal = new Refusal('store_unavailable', { cause: new Error('canary') });
    const response = await answering((res) => sendRefusal(res, refusal)).get('/');
    assert.ok(!response.text.includes('canary'));
    assert.match(inspect(refusal), /canary/); // but the app can log it
  });

  it('leaves an answer alone that was begun before', async () => {
    const response = await answering((res) => {
      res.write('begun');
      sendRefusal(res, new Refusal('not_found'));
      res.end();
    }).get('/');
    assert.equal(response.status, 200);
    assert.equal(response.text, 'begun');
  });

  it('answers a HEAD request without a body', async () => {
    const response = await answering((res) => sendRefusal(res, new Refusal('not_found'))).head('/');
    assert.equal(response.status, 404);
    assert.equal(response.text, undefined);
  });
});

describe('onRefusal', () => {
  it('of the instance answers in place of every guard', async () => {
    const { auth } = testInstance({ onRefusal: echoRefusal });
    const { app, handled } = testApp(auth);
    const { status, body } = await new Browser(app).get('/me');
    assert.equal(status, 418);
    assert.equal(body.code, 'session_required');
    assert.equal(body.status, 401);
    assert.match(body.headers['WWW-Authenticate'], /^Bearer realm=/);
    assert.deepEqual(handled, []);
  });

  it('of the instance answers for requireSameOrigin', async () => {
    const { auth } = testInstance({ onRefusal: echoRefusal });
    const { app } = testApp(auth, { before: [auth.requireSameOrigin] });
    const { status, body } = await new Browser(app).post('/x', { headers: { 'Sec-Fetch-Site': 'cross-site' } });
    assert.deepEqual([status, body.code], [418, 'cross_origin']);
  });

  it('of the instance leaves stepgate’s routes to themselves', async () => {
    const { auth } = testInstance({ onRefusal: echoRefusal });
    assertRefused(await new Browser(testApp(auth).app).get('/auth/session'), 401, 'session_required');
  });

  it('of a guard wins over that of the instance', async () => {
    const { auth } = testInstance({ onRefusal: echoRefusal });
    const guard = auth.requireSession({ onRefusal: (refusal, _req, res) => sendRefusal(res, refusal) });
    assertRefused(await new Browser(testApp(auth, { before: [guard] }).app).get('/me'), 401, 'session_required');
  });

  it('of a guard is for that guard alone', async () => {
    const { auth } = testInstance();
    const guard = auth.requireSession({ optional: true, onRefusal: echoRefusal });
    const { app } = testApp(auth, { before: [guard] });
    assertRefused(await new Browser(app).get('/me'), 401, 'session_required');
    assert.equal((await new Browser(app).get('/me', { headers: { Authorization: 'Bearer x' } })).status, 418);
  });

  it('may hand the refusal to the error handler of the app', async () => {
    const { auth } = testInstance({ onRefusal: (refusal, _req, _res, next) => next(refusal) });
    const { app, errors } = testApp(auth);
    assert.equal((await new Browser(app).get('/me')).status, 599);
    assert.ok(errors[0] instanceof Refusal && errors[0] instanceof Error);
    assert.equal(errors[0].code, 'session_required');
  });

  it('that throws leads to the error handler of the app', async () => {
    const { auth } = testInstance({
      onRefusal: () => {
        throw new Error('a mistake of the app');
      },
    });
    const { app, errors } = testApp(auth);
    assert.equal((await new Browser(app).get('/me')).status, 599);
    assert.match(String(errors[0]), /a mistake of the app/);
  });

  it('that rejects leads to the error handler of the app', async () => {
    const onRefusal = () => Promise.reject(new Error('a mistake of the app'));
    const { auth } = testInstance({ onRefusal, methods: [pin] });
    const routes = { '/export': [auth.requireFreshStepUp({ method: 'pin', maxAge: '5m' })] };
    const { app, errors } = testApp(auth, { before: [auth.requireSameOrigin], routes });
    const browser = new Browser(app);
    assert.equal((await browser.get('/me')).status, 599);
    assert.equal((await browser.get('/export')).status, 599);
    assert.equal((await browser.post('/x', { headers: { 'Sec-Fetch-Site': 'cross-site' } })).status, 599);
    assert.match(String(errors), /(a mistake of the app.*){3}/);
  });

  it('that goes on after all leaves the handler without a caller', async () => {
    const { auth } = testInstance({ onRefusal: (_refusal, _req, _res, next) => next() });
    const { app } = testApp(auth);
    const { status, body } = await new Browser(app).get('/me');
    assert.deepEqual([status, body], [200, null]);
  });
});
