// Proof of the wrong factor (GHSA-hp74-gm6m-2qm5), guard composition (Clerk CVE-2026-42349): the attacker has one factor, and the rule wants another, or more.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Method } from '../../lib/methods/method.js';
import type { Rule } from '../../lib/step-up/rule.js';
import { answer, begin, stepUp, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';

const key = fakeKey();
const code = fakeCode();
const word = fakeCode('word');
const recovery = fakeCode('recovery-code');
const methods: readonly Method[] = [key, code, word, recovery];

describe('who can pass the weaker methods only', () => {
  const rules: Readonly<Record<string, Rule<string>>> = {
    '/key': { method: 'key', maxAge: '5m' },
    '/both': {
      allOf: [
        { method: 'key', maxAge: '5m' },
        { method: 'code', maxAge: '5m' },
      ],
    },
    '/key-or-two': {
      anyOf: [
        { method: 'key', maxAge: '5m' },
        {
          allOf: [
            { method: 'code', maxAge: '5m' },
            { method: 'other', maxAge: '5m' },
          ],
        },
      ],
    },
  };

  it('passes no rule that wants the strongest, or more than they have, whatever they combine', async () => {
    const other = fakeCode('other');
    const { signIn } = stepUpApp({ methods: [...methods, other], rules });
    const browser = await signIn('ada', { method: 'word' });
    for (const method of [code, word, recovery, code]) {
      await stepUp(browser, method);
      for (const path of Object.keys(rules)) assert.equal((await browser.post(path)).body.code, 'step_up_required');
    }
  });

  it('passes no rule by the recovery codes that doesn’t name them', async () => {
    const all = { method: ['key', 'code', 'word'], maxAge: '5m' } as const;
    const { signIn } = stepUpApp({
      methods,
      rules: { '/any': all, '/named': { method: 'recovery-code', maxAge: '5m' } },
    });
    const browser = await signIn();
    await stepUp(browser, recovery);
    assert.equal((await browser.post('/any')).body.reason, 'missing');
    assert.equal((await browser.post('/named')).status, 200);
  });

  it('makes no proof of another method by its challenge, nor by its name', async () => {
    const { signIn } = stepUpApp({ methods });
    const browser = await signIn();
    const { challengeId } = await begin(browser, 'key');
    assertRefused(await verify(browser, 'code', code.right(null), challengeId), 403, 'step_up_failed');
    assertRefused(await verify(browser, 'key', code.right(null), challengeId), 403, 'step_up_failed');
    for (const name of ['Key', 'key ', 'constructor', '__proto__', '']) {
      assertRefused(await verify(browser, name, code.right(null)), 400, 'request_invalid');
    }
    assert.equal((await browser.post('/key')).body.reason, 'missing');
  });

  it('passes nothing by two halves of a rule that were proved in two sessions', async () => {
    const { signIn } = stepUpApp({ methods, rules: { '/both': rules['/both'] ?? assert.fail() } });
    const [one, other] = [await signIn(), await signIn()];
    await stepUp(one, key);
    await stepUp(other, code);
    for (const browser of [one, other]) assert.equal((await browser.post('/both')).body.reason, 'missing');
  });

  it('passes nothing by two halves that were never fresh at the same time', async () => {
    const app = stepUpApp({ methods, rules: { '/both': rules['/both'] ?? assert.fail() } });
    const browser = await app.signIn();
    await stepUp(browser, key);
    app.clock.advance('5m');
    assert.equal((await answer(browser, code)).status, 200);
    assert.equal((await browser.post('/both')).body.reason, 'expired');
  });
});

describe('names that every object has', () => {
  it('are methods like any other: a proof of one is there when it was made', async () => {
    const odd = ['constructor', '__proto__', 'toString'];
    const rules = Object.fromEntries(odd.map((name) => [`/${name}`, { method: name, maxAge: '5m' }] as const));
    const codes = odd.map((name) => fakeCode(name));
    const { signIn } = stepUpApp({ methods: codes, rules });
    const browser = await signIn();
    for (const name of odd) assert.equal((await browser.post(`/${name}`)).body.reason, 'missing');
    for (const method of codes) await stepUp(browser, method);
    for (const name of odd) assert.equal((await browser.post(`/${name}`)).status, 200, name);
  });
});
