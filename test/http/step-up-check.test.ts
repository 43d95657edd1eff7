import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { begin, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertAsked } from '../step-up/refusals.js';
import { assertRefused } from '../support/answers.js';

const BOTH = {
  allOf: [
    { method: 'key', maxAge: '5m' },
    { method: 'code', maxAge: 300 },
  ],
};

describe('POST /step-up/check', () => {
  it('answers as a guard with that rule would, before anything is sent that could be lost', async () => {
    const app = stepUpApp();
    const browser = await app.signIn();
    const check = () => browser.post('/auth/step-up/check', { body: BOTH });
    assert.deepEqual(assertAsked(await check(), { acr_values: 'phr', max_age: '300' }).missing, [['key', 'code']]);
    assert.equal((await verify(browser, 'code', { code: 'code' })).status, 200);
    assert.deepEqual(assertAsked(await check(), { acr_values: 'phr', max_age: '300' }).missing, [['key']]);
    const { challengeId, options } = await begin(browser, 'key');
    const right = { signed: (options as { sign: string }).sign }; // a `fakeKey` begins so
    assert.equal((await verify(browser, 'key', right, challengeId)).status, 200);
    assert.equal((await check()).status, 204);
  });

  it('says so where the user lacks a method', async () => {
    const key = fakeKey();
    key.users.clear();
    const browser = await stepUpApp({ methods: [key, fakeCode()] }).signIn();
    const refused = await browser.post('/auth/step-up/check', { body: BOTH });
    assert.equal(refused.body.code, 'step_up_unavailable', refused.text);
  });

  it('refuses what is no rule for a proof with a 400, whatever it is', async () => {
    const browser = await stepUpApp().signIn();
    const deep = Array.from({ length: 20 }).reduce((rule: object) => ({ anyOf: [rule] }), BOTH);
    for (const body of [
      {},
      { method: 'pigeon', maxAge: '5m' },
      { method: 'key' },
      { method: 'key', maxAge: 'long' },
      { method: 'key', maxAge: '5m', once: true },
      { method: 'key', once: true },
      { anyOf: [] },
      { anyOf: [null] },
      { allOf: 'key' },
      deep,
    ]) {
      assertRefused(await browser.post('/auth/step-up/check', { body }), 400, 'request_invalid');
    }
  });
});
