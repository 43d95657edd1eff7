import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { answer, begin, confirm, copyOf, stepUp, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';

const OPTIONS = '/auth/step-up/options';
const FIVE_MINUTES = 300_000;

describe('POST /step-up/options', () => {
  it('gives a challenge for five minutes with the options of the ceremony', async () => {
    const { signIn, clock } = stepUpApp();
    const browser = await signIn();
    const response = await browser.post(OPTIONS, { body: { method: 'key' } });
    assert.equal(response.status, 200);
    assert.equal(response.headers['cache-control'], 'no-store');
    const { challengeId, options, ...rest } = response.body;
    assert.deepEqual(rest, { method: 'key', expiresAt: clock.now() + FIVE_MINUTES, expiresIn: 300 });
    assert.match(challengeId, /^[\w-]{22}$/);
    assert.match(options.sign, /^[\w-]{43}$/); // 32 bytes, and WebAuthn 13.4.3 asks for 16
  });

  it('gives a challenge without options for a method without a ceremony', async () => {
    const { signIn } = stepUpApp();
    const browser = await signIn();
    const { options, challengeId } = await begin(browser, 'code');
    assert.equal(options, null);
    assert.equal((await verify(browser, 'code', { code: 'code' }, challengeId)).status, 200);
  });

  it('makes each challenge anew', async () => {
    const { signIn } = stepUpApp();
    const browser = await signIn();
    const first = await begin(browser, 'key');
    const second = await begin(browser, 'key');
    assert.notEqual(first.challengeId, second.challengeId);
    assert.notDeepEqual(first.options, second.options);
  });

  it('keeps sixteen challenges of a session, and of another one none the fewer', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key], rules: {} });
    const browser = await app.signIn();
    const other = await app.signIn();
    const others = await begin(other, 'key');
    const begun = [];
    for (let count = 0; count < 17; count += 1) {
      begun.push(await begin(browser, 'key'));
      app.clock.advance('1s'); // the oldest goes, and of those made at once nobody can say which that is
    }
    const [gone, oldest] = begun;
    assert.ok(gone && oldest);
    assertRefused(await verify(browser, 'key', key.right(gone.options), gone.challengeId), 403, 'step_up_failed');
    assert.equal((await verify(browser, 'key', key.right(oldest.options), oldest.challengeId)).status, 200);
    assert.equal((await verify(other, 'key', key.right(others.options), others.challengeId)).status, 200);
  });

  it('changes neither the token nor the proofs', async () => {
    const { signIn } = stepUpApp();
    const browser = await signIn();
    const before = [browser.cookieHeader(), (await browser.get('/me')).body];
    await begin(browser, 'key');
    assert.deepEqual([browser.cookieHeader(), (await browser.get('/me')).body], before);
  });

  const wrong: Readonly<Record<string, unknown>> = {
    'no body': undefined,
    'no method': {},
    'a method that is no text': { method: 1 },
    'several methods': { method: ['key'] },
    'an unknown method': { method: 'passkey' },
    'the name of a member of every object': { method: 'constructor' },
    'an unknown purpose': { method: 'key', purpose: 'sign-in' },
    'the purpose of an enrolment': { method: 'key', purpose: 'enrolment' },
    'the purpose of an action': { method: 'key', purpose: 'action' },
    'no purpose at all': { method: 'key', purpose: null },
    'an unknown field': { method: 'key', userId: 'bea' },
    'a list': [{ method: 'key' }],
  };

  for (const [what, body] of Object.entries(wrong)) {
    it(`refuses ${what} with 400`, async () => {
      const { signIn } = stepUpApp();
      assertRefused(await (await signIn()).post(OPTIONS, { body }), 400, 'request_invalid');
    });
  }

  it('says which methods there are to somebody who asked for another one', async () => {
    const { signIn } = stepUpApp();
    const { body } = await (await signIn()).post(OPTIONS, { body: { method: 'pin' } });
    assert.equal(body.detail, '`method` is one of: key, code.');
  });

  it('says so when the user lacks the method', async () => {
    const key = fakeKey();
    key.users.delete('ada');
    const { signIn } = stepUpApp({ methods: [key], rules: {} });
    const response = await (await signIn()).post(OPTIONS, { body: { method: 'key' } });
    assert.equal(response.status, 403);
    assert.equal(response.body.code, 'step_up_unavailable');
    assert.deepEqual(response.body.methods, [{ method: 'key', enrolled: false }]);
  });
});

describe('who may ask for a challenge and answer it', () => {
  const routes = [
    [OPTIONS, { method: 'code' }],
    ['/auth/step-up/verify', { method: 'code', response: { code: 'code' } }],
  ] as const;

  for (const [path, body] of routes) {
    it(`is nobody without a session: ${path}`, async () => {
      const { app } = stepUpApp();
      const stranger = new Browser(app);
      assertRefused(await stranger.post(path, { body }), 401, 'session_required');
      stranger.cookies.set('__Host-session', 'A'.repeat(43));
      assertRefused(await stranger.post(path, { body }), 401, 'session_invalid');
    });

    it(`is no API key: ${path}`, async () => {
      const { app } = stepUpApp({ apiKeys: { prefix: 'bank_', verify: () => ({ userId: 'ada' }) } });
      const headers = { Authorization: 'Bearer bank_1' };
      assertRefused(await new Browser(app).post(path, { body, headers }), 403, 'api_key_refused');
    });

    it(`is no page of another site: ${path}`, async () => {
      const { signIn, told } = stepUpApp();
      const browser = await signIn();
      for (const headers of [
        { 'Sec-Fetch-Site': 'cross-site' },
        { 'Sec-Fetch-Site': 'same-site' },
        { 'Sec-Fetch-Site': undefined, Origin: 'https://evil.example' },
        { 'Sec-Fetch-Site': undefined, Origin: 'null' },
      ]) {
        assertRefused(await browser.post(path, { body, headers }), 403, 'cross_origin');
      }
      assert.deepEqual(told('step-up.succeeded', 'step-up.failed'), []);
    });

    it(`is the token from before a step-up only while nobody has used the new one: ${path}`, async () => {
      const code = fakeCode();
      const app = stepUpApp({ methods: [fakeKey(), code] });
      const [waiting, used] = [await app.signIn(), await app.signIn()];
      const [beforeWaiting, beforeUsed] = [copyOf(waiting, app.app), copyOf(used, app.app)];
      for (const browser of [waiting, used]) await stepUp(browser, code);
      await confirm(app, used);
      assert.equal((await beforeWaiting.post(path, { body })).status, 200);
      assert.equal((await beforeUsed.get('/me')).status, 200);
      assertRefused(await beforeUsed.post(path, { body }), 401, 'session_invalid');
    });

    it(`takes JSON only: ${path}`, async () => {
      const { signIn } = stepUpApp();
      const browser = await signIn();
      const text = JSON.stringify(body);
      for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
        const headers = { 'Content-Type': type };
        assertRefused(await browser.post(path, { body: text, headers }), 415, 'unsupported_media_type');
      }
      const headers = { 'Content-Type': 'application/json' };
      assertRefused(await browser.post(path, { body: '{', headers }), 400, 'request_invalid');
      const large = { ...body, response: { code: 'x'.repeat(70_000) } };
      assertRefused(await browser.post(path, { body: large }), 413, 'body_too_large');
    });

    it(`posts: ${path}`, async () => {
      const { signIn } = stepUpApp();
      const response = await (await signIn()).get(path);
      assert.equal(response.status, 405);
      assert.equal(response.headers['allow'], 'POST');
    });
  }

  it('takes requests that say nothing of where they come from, but not in strict mode', async () => {
    const headers = { 'Sec-Fetch-Site': undefined };
    const code = fakeCode();
    const standard = stepUpApp({ methods: [code], rules: {} });
    const verifying = { body: { method: 'code', response: { code: 'code' } }, headers };
    assert.equal((await (await standard.signIn()).post('/auth/step-up/verify', verifying)).status, 200);
    const strict = stepUpApp({ methods: [code], rules: {}, csrf: 'strict' });
    const browser = await strict.signIn();
    assertRefused(await browser.post('/auth/step-up/verify', verifying), 403, 'cross_origin');
    assert.equal((await answer(browser, code)).status, 200);
  });
});
