import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { recoveryCode } from '../../lib/index.js';
import { stepUp, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';
import { forRules } from '../support/stores.js';

const NAMED = { method: ['key', 'recovery-code'] } as const;

/** A user with a key and recovery codes, who has signed in with a password just now. */
async function withCodes() {
  const key = fakeKey();
  const app = stepUpApp({
    methods: [key, fakeCode(), recoveryCode()],
    rules: {
      '/key': { method: 'key', maxAge: '5m' },
      '/either': { method: ['key', 'code'], maxAge: '5m' },
      '/both': {
        allOf: [
          { method: 'key', maxAge: '5m' },
          { method: 'recovery-code', maxAge: '5m' },
        ],
      },
      '/named': { ...NAMED, maxAge: '5m' },
    },
    routes: (auth) => ({
      '/once/key': [auth.requireFreshStepUp({ method: 'key', once: true })],
      '/once/named': [auth.requireFreshStepUp({ ...NAMED, once: true })],
    }),
  });
  const first = await app.signIn('ada', { method: 'key' });
  const codes = await newCodes(first);
  app.clock.advance('1m'); // codes answer no challenge that is as old as they are
  return { ...app, key, codes, first, browser: await app.signIn() };
}

async function newCodes(browser: Browser): Promise<readonly string[]> {
  const response = await browser.post('/auth/recovery-codes');
  assert.equal(response.status, 201, response.text);
  return response.body.codes;
}

async function codeOf(browser: Browser, path: string): Promise<string> {
  const { status, body } = await browser.post(path);
  return status === 200 ? 'passes' : body.code;
}

describe('the proof of a recovery code', () => {
  it('meets the rules that name it, and no others', async () => {
    const { browser, codes, key } = await withCodes();
    const [code = ''] = codes;
    assert.equal((await verify(browser, 'recovery-code', { code })).status, 200);
    for (const path of ['/key', '/either', '/both'])
      assert.equal(await codeOf(browser, path), 'step_up_required', path);
    assert.equal(await codeOf(browser, '/named'), 'passes');
    await stepUp(browser, key);
    for (const path of ['/key', '/either', '/both']) assert.equal(await codeOf(browser, path), 'passes', path);
  });

  it('has expired once the rule’s age has', async () => {
    const { browser, codes, clock } = await withCodes();
    const [code = ''] = codes;
    await verify(browser, 'recovery-code', { code });
    clock.advance('5m');
    assert.equal(await codeOf(browser, '/named'), 'step_up_required');
  });

  it('is no approval, and a code approves only where the rule names it, once', async () => {
    const { browser, codes } = await withCodes();
    const [code = '', another = ''] = codes;
    await verify(browser, 'recovery-code', { code });
    for (const path of ['/once/key', '/once/named']) assert.equal(await codeOf(browser, path), 'step_up_required');

    const forKey = (await browser.post('/once/key')).body.challenge;
    assert.deepEqual(Object.keys(forKey.methods), ['key']);
    const refused = await verify(browser, 'recovery-code', { code: another }, forKey.id);
    assertRefused(refused, 403, 'step_up_failed');

    const { challenge } = (await browser.post('/once/named')).body;
    assert.deepEqual(Object.keys(challenge.methods), ['key', 'recovery-code']);
    const approved = await verify(browser, 'recovery-code', { code: another }, challenge.id); // it was not used up
    assert.equal(approved.status, 200, approved.text);
    assert.equal(await codeOf(browser, '/once/named'), 'passes');
    assert.equal(await codeOf(browser, '/once/named'), 'step_up_required');
    assertRefused(await verify(browser, 'recovery-code', { code: another }), 403, 'step_up_failed');
  });

  it('lets a user who has lost the key change their methods, for five minutes', async () => {
    const { browser, codes, clock, told } = await withCodes();
    const refused = await browser.post('/auth/recovery-codes');
    assert.deepEqual([refused.status, refused.body.code], [401, 'step_up_required']);
    assert.deepEqual(refused.body.methods, [
      { method: 'key', enrolled: true },
      { method: 'recovery-code', enrolled: true },
    ]);
    const [code = ''] = codes;
    await verify(browser, 'recovery-code', { code });
    assert.equal(told('step-up.succeeded').length, 1);
    clock.set(clock.now() + 299_999);
    assert.equal((await newCodes(browser)).length, 10);
    clock.set(clock.now() + 1);
    assert.equal(await codeOf(browser, '/auth/recovery-codes'), 'step_up_required');
  });
});

forRules((_name, makeStore) => {
  describe('a new set of recovery codes', () => {
    it('ends the old one, on every session of the user', async () => {
      const store = await makeStore();
      const app = stepUpApp({ methods: [fakeKey(), recoveryCode()], rules: {}, store });
      const [browser, elsewhere] = [await app.signIn('ada', { method: 'key' }), await app.signIn()];
      const [old = '', alsoOld = ''] = await newCodes(browser);
      const [code = ''] = await newCodes(browser);
      for (const [at, dead] of [
        [browser, old],
        [elsewhere, alsoOld],
      ] as const) {
        assertRefused(await verify(at, 'recovery-code', { code: dead }), 403, 'step_up_failed');
      }
      assert.equal((await verify(elsewhere, 'recovery-code', { code })).status, 200);
      assertRefused(await verify(browser, 'recovery-code', { code }), 403, 'step_up_failed');
    });
  });
});
