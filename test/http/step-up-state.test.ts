import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { begin, copyOf, stepUp, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';
import { faultyStore } from '../support/faulty-store.js';

const PATH = '/auth/step-up';

describe('GET /step-up', () => {
  it('says which methods there are, which the user has, and when each was passed', async () => {
    const key = fakeKey();
    const word = fakeCode('word');
    word.users.delete('ada');
    const app = stepUpApp({ methods: [key, fakeCode(), word] });
    const browser = await app.signIn('ada', { method: 'code' });
    const signedInAt = app.clock.now();
    app.clock.advance('1m');
    await stepUp(browser, key);
    const response = await browser.get(PATH);
    assert.equal(response.status, 200);
    assert.equal(response.headers['cache-control'], 'no-store');
    assert.deepEqual(response.body, {
      methods: [
        { method: 'key', enrolled: true, verifiedAt: app.clock.now() },
        { method: 'code', enrolled: true, verifiedAt: signedInAt },
        { method: 'word', enrolled: false, verifiedAt: null },
      ],
    });
  });

  it('knows of no proof by the token from before a step-up', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key], rules: {} });
    const browser = await app.signIn('ada', { method: 'key' });
    const old = copyOf(browser, app.app);
    await stepUp(browser, key);
    const { methods } = (await old.get(PATH)).body;
    assert.deepEqual(methods, [{ method: 'key', enrolled: true, verifiedAt: null }]);
  });

  it('asks nobody to prove anything', async () => {
    const { signIn, told } = stepUpApp();
    await (await signIn()).get(PATH);
    assert.deepEqual(told('step-up.asked'), []);
  });
});

describe('DELETE /step-up', () => {
  it('drops the proofs of step-up and sign-in, and no session', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key, fakeCode()] });
    const browser = await app.signIn('ada', { method: 'code' });
    await stepUp(browser, key);
    for (const path of ['/key', '/code']) assert.equal((await browser.post(path)).status, 200);
    const response = await browser.delete(PATH);
    assert.equal(response.status, 204);
    assert.equal(response.text, '');
    for (const path of ['/key', '/code']) assert.equal((await browser.post(path)).body.reason, 'missing');
    const { proofs, session } = (await browser.get('/me')).body;
    assert.deepEqual(proofs, []);
    assert.deepEqual(app.told('step-up.dropped'), [{ type: 'step-up.dropped', userId: 'ada', sessionId: session.id }]);
  });

  it('leaves the other sessions of the user as they are', async () => {
    const { signIn } = stepUpApp();
    const other = await signIn('ada', { method: 'key' });
    await (await signIn('ada', { method: 'key' })).delete(PATH);
    assert.equal((await other.post('/key')).status, 200);
  });

  it('can be repeated, and stepped up from again', async () => {
    const key = fakeKey();
    const { signIn } = stepUpApp({ methods: [key, fakeCode()] });
    const browser = await signIn();
    for (let turn = 0; turn < 2; turn += 1) assert.equal((await browser.delete(PATH)).status, 204);
    await stepUp(browser, key);
    assert.equal((await browser.post('/key')).status, 200);
  });

  it('drops the challenges that wait', async () => {
    const key = fakeKey();
    const { signIn } = stepUpApp({ methods: [key, fakeCode()] });
    const browser = await signIn();
    const { challengeId, options } = await begin(browser, 'key');
    await browser.delete(PATH);
    assertRefused(await verify(browser, 'key', key.right(options), challengeId), 403, 'step_up_failed');
  });

  it('answers 500 when the store fails, and says nothing was dropped', async () => {
    const store = faultyStore(memoryStore());
    const { signIn, told } = stepUpApp({ store });
    const browser = await signIn('ada', { method: 'key' });
    store.replace('change', () => Promise.reject(new Error('the disk is gone')));
    assertRefused(await browser.delete(PATH), 500, 'store_unavailable');
    assert.deepEqual(told('step-up.dropped'), []);
  });
});

describe('both', () => {
  it('are for a signed-in user only', async () => {
    const { app } = stepUpApp({ apiKeys: { prefix: 'bank_', verify: () => ({ userId: 'ada' }) } });
    const stranger = new Browser(app);
    const headers = { Authorization: 'Bearer bank_1' };
    for (const method of ['GET', 'DELETE']) {
      assertRefused(await stranger.send(method, PATH), 401, 'session_required');
      assertRefused(await stranger.send(method, PATH, { headers }), 403, 'api_key_refused');
    }
  });

  it('know no other request method, and the dropping none from another site', async () => {
    const { signIn } = stepUpApp();
    const browser = await signIn();
    assertRefused(await browser.delete(PATH, { headers: { 'Sec-Fetch-Site': 'cross-site' } }), 403, 'cross_origin');
    const response = await browser.post(PATH);
    assert.equal(response.status, 405);
    assert.equal(response.headers['allow'], 'GET, HEAD, DELETE');
  });
});

describe('an instance without methods', () => {
  it('has no step-up routes', async () => {
    const { signIn } = stepUpApp({ methods: [], rules: {} });
    const browser = await signIn();
    for (const path of [PATH, `${PATH}/options`, `${PATH}/verify`, '/auth/passkey/verify-assertion']) {
      assert.equal((await browser.post(path)).status, 404);
    }
  });
});
