// Redirect loops and disable-switches (Quarkus #54785, qauth #192, Kratos max_age 0): a rule that nobody can meet asks forever, or one that is always met asks nobody.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../lib/internal/setup-error.js';
import type { Rule } from '../../lib/step-up/rule.js';
import { stepUp, stepUpApp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import type { Asked } from '../step-up/refusals.js';

describe('a user who does what the refusal asks for', () => {
  const key = fakeKey();
  const code = fakeCode();
  const word = fakeCode('word');
  const rules: readonly Rule<string>[] = [
    { method: 'key', maxAge: 1 },
    { method: ['word', 'code', 'key'], maxAge: '1s' },
    {
      allOf: [
        { method: 'key', maxAge: '1m' },
        { method: 'code', maxAge: '1s' },
      ],
    },
    {
      anyOf: [
        { method: 'word', maxAge: '5m' },
        {
          allOf: [
            { method: 'key', maxAge: '1m' },
            { method: 'code', maxAge: 1 },
          ],
        },
      ],
    },
  ];

  for (const rule of rules) {
    it(`passes, and is asked no second time: ${JSON.stringify(rule)}`, async () => {
      word.users.delete('ada');
      const { signIn } = stepUpApp({ methods: [key, code, word], rules: { '/guarded': rule } });
      const browser = await signIn();
      const asked: Asked = (await browser.post('/guarded')).body;
      const usable = asked.methods.filter(({ enrolled }) => enrolled).map(({ method }) => method);
      for (const method of [key, code].filter(({ name }) => usable.includes(name))) await stepUp(browser, method);
      assert.equal((await browser.post('/guarded')).status, 200);
    });
  }

  it('or can’t do it, and is told so', async () => {
    word.users.delete('ada');
    const rule: Rule<string> = {
      allOf: [
        { method: 'key', maxAge: '5m' },
        { method: 'word', maxAge: '5m' },
      ],
    };
    const { signIn } = stepUpApp({ methods: [key, word], rules: { '/guarded': rule } });
    const browser = await signIn();
    for (let turn = 0; turn < 3; turn += 1) {
      const { status, body } = await browser.post('/guarded');
      assert.deepEqual([status, body.code], [403, 'step_up_unavailable']);
      await stepUp(browser, key);
    }
  });
});

describe('a rule that could be always or never met', () => {
  const never: Readonly<Record<string, unknown>> = {
    'an age of 0': { method: 'key', maxAge: 0 },
    'an age below 0': { method: 'key', maxAge: -1 },
    'an endless age': { method: 'key', maxAge: Number.POSITIVE_INFINITY },
    'an age that is no number': { method: 'key', maxAge: Number.NaN },
    'no age': { method: 'key' },
    'an age in words': { method: 'key', maxAge: 'forever' },
    'no methods': { method: [], maxAge: '5m' },
    'all of nothing': { allOf: [] },
    'any of nothing': { anyOf: [] },
    'all of nothing, inside': { anyOf: [{ allOf: [] }, { method: 'key', maxAge: '5m' }] },
    nothing: {},
  };

  for (const [what, rule] of Object.entries(never)) {
    it(`can’t be set up: ${what}`, () => {
      const { auth } = stepUpApp();
      assert.throws(() => auth.requireFreshStepUp(rule as Rule<string>), SetupError); // as JavaScript can write it
    });
  }
});
