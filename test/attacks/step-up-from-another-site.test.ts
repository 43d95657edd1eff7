// CSRF on the step-up (Keycloak GHSA-c9rq-mvr5-3w32): a page of another site uses the cookie of a signed-in user.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { begin, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';

const SITES: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  'another site': { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
  'a sibling domain': { 'Sec-Fetch-Site': 'same-site', Origin: 'https://evil.app.example' },
  'a sandboxed frame': { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' },
  'another site, in an old browser': { 'Sec-Fetch-Site': undefined, Origin: 'https://evil.example' },
};

describe('a page of', () => {
  for (const [site, headers] of Object.entries(SITES)) {
    it(`${site} begins, verifies and drops no step-up, and passes no guard`, async () => {
      const key = fakeKey();
      const { signIn, passed, told } = stepUpApp({ methods: [key, fakeCode()] });
      const browser = await signIn('ada', { method: 'key' });
      const { challengeId, options } = await begin(browser, 'key');
      const requests: readonly (readonly [method: string, path: string, body?: object])[] = [
        ['POST', '/auth/step-up/options', { method: 'key' }],
        ['POST', '/auth/step-up/verify', { method: 'key', challengeId, response: key.right(options) }],
        ['DELETE', '/auth/step-up'],
        ['POST', '/key'],
      ];
      for (const [method, path, body] of requests) {
        assertRefused(await browser.send(method, path, { body, headers }), 403, 'cross_origin');
      }
      assert.deepEqual(passed, []);
      assert.deepEqual(told('step-up.succeeded', 'step-up.failed', 'step-up.dropped', 'step-up.asked'), []);
      assert.equal((await browser.post('/key')).status, 200);
    });
  }

  it('another site, which can send forms and nothing else, sends no JSON', async () => {
    const { signIn } = stepUpApp();
    const browser = await signIn();
    const body = JSON.stringify({ method: 'code', response: { code: 'code' } });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const sent = { body, headers: { 'Content-Type': type } };
      assertRefused(await browser.post('/auth/step-up/verify', sent), 415, 'unsupported_media_type');
    }
  });

  it('another site changes nothing by a GET', async () => {
    const { signIn, told } = stepUpApp();
    const browser = await signIn('ada', { method: 'key' });
    for (const path of ['', '/options?method=key', '/verify?method=code&response=code']) {
      await browser.get(`/auth/step-up${path}`, { headers: SITES['another site'] ?? {} });
    }
    assert.deepEqual(told('step-up.succeeded', 'step-up.failed', 'step-up.dropped'), []);
    assert.equal((await browser.post('/key')).status, 200);
  });
});
