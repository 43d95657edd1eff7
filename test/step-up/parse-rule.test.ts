import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../lib/internal/setup-error.js';
import { parseRule } from '../../lib/step-up/parse-rule.js';

const METHODS = ['passkey', 'totp', 'password'];
const bind = (): object => ({});
const summary = (): string => '';
const PASSKEY = { method: 'passkey', maxAge: '5m' };

function refusal(rule: unknown, methods: readonly string[] = METHODS): string {
  try {
    parseRule(rule, methods);
  } catch (error) {
    assert.ok(error instanceof SetupError, String(error));
    assert.ok(error.help.length > 0);
    return error.message;
  }
  assert.fail('The rule was taken.');
}

describe('parseRule', () => {
  it('gives every form with milliseconds and a list of methods', () => {
    assert.deepEqual(parseRule(PASSKEY, METHODS), { type: 'proof', methods: ['passkey'], maxAge: 300_000 });
    assert.deepEqual(parseRule({ method: ['totp', 'passkey', 'totp'], maxAge: 1 }, METHODS), {
      type: 'proof',
      methods: ['totp', 'passkey'],
      maxAge: 1_000,
    });
    assert.deepEqual(parseRule({ anyOf: [PASSKEY, { allOf: [{ method: 'totp', maxAge: '1d' }] }] }, METHODS), {
      type: 'anyOf',
      rules: [
        { type: 'proof', methods: ['passkey'], maxAge: 300_000 },
        { type: 'allOf', rules: [{ type: 'proof', methods: ['totp'], maxAge: 86_400_000 }] },
      ],
    });
    assert.deepEqual(parseRule({ method: 'totp', once: true }, METHODS), {
      type: 'action',
      methods: ['totp'],
      bind: null,
      summary: null,
      approver: null,
    });
    assert.deepEqual(parseRule({ method: 'totp', bind, summary }, METHODS), {
      type: 'action',
      methods: ['totp'],
      bind,
      summary,
      approver: null,
    });
    for (const approver of ['user', (): string[] => ['bea']] as const) {
      const rule = parseRule({ method: 'totp', bind, summary, approver }, METHODS);
      assert.deepEqual(rule, { type: 'action', methods: ['totp'], bind, summary, approver });
    }
  });

  it('takes a member that is undefined as left out', () => {
    assert.equal(parseRule({ ...PASSKEY, once: undefined, anyOf: undefined }, METHODS).type, 'proof');
    assert.match(refusal({ method: 'passkey', maxAge: undefined }), /doesn't say how fresh/);
  });

  it('takes an object of another realm or without a prototype', () => {
    assert.equal(parseRule(Object.assign(Object.create(null), PASSKEY), METHODS).type, 'proof');
    assert.equal(parseRule(runInNewContext("({ method: ['passkey'], maxAge: 300 })"), METHODS).type, 'proof');
  });

  it('copies what it checked, frozen all through', () => {
    const method = ['passkey'];
    const parts = [{ method, maxAge: 300 }];
    const checked = parseRule({ anyOf: parts }, METHODS);
    method.push('totp');
    parts.length = 0;
    assert.deepEqual(checked, { type: 'anyOf', rules: [{ type: 'proof', methods: ['passkey'], maxAge: 300_000 }] });
    assert.ok('rules' in checked && checked.rules[0] && 'methods' in checked.rules[0]);
    for (const part of [checked, checked.rules, checked.rules[0], checked.rules[0].methods]) {
      assert.ok(Object.isFrozen(part));
    }
  });

  describe('says what to write instead of', () => {
    const cycle: { anyOf: unknown[] } = { anyOf: [] };
    cycle.anyOf.push(cycle);

    const cases: readonly (readonly [title: string, rule: unknown, message: RegExp])[] = [
      ['no rule', undefined, /^`rule` must be a plain object\. Write `\{ method, maxAge \}`/],
      ['null', null, /must be a plain object/],
      ['a method name alone', 'passkey', /must be a plain object/],
      ['a function', bind, /must be a plain object/],
      ['a list', [PASSKEY], /must be a plain object/],
      ['an object of a class', Object.assign(new Date(), PASSKEY), /must be a plain object/],
      ['an inherited rule', Object.create(PASSKEY), /must be a plain object/],
      ['a promise', Promise.resolve(PASSKEY), /must be a plain object/],
      [
        'a getter',
        Object.defineProperty({ method: 'passkey' }, 'maxAge', { get: () => 300 }),
        /`rule\.maxAge` is a getter/,
      ],
      [
        'a hidden getter',
        {
          get method() {
            return 'passkey';
          },
          maxAge: 300,
        },
        /`rule\.method` is a getter/,
      ],
      ['an empty object', {}, /doesn't say how fresh/],
      ['a method without an age', { method: 'passkey' }, /doesn't say how fresh.* `\{ method, once: true \}`/],
      ['maxage', { method: 'passkey', maxage: '5m' }, /^`rule\.maxage` is unknown\. Did you mean `maxAge`\?$/],
      ['max_age', { method: 'passkey', max_age: '5m' }, /Did you mean `maxAge`\?/],
      ['methods', { methods: ['passkey'], maxAge: '5m' }, /Did you mean `method`\?/],
      ['oneOf', { oneOf: [PASSKEY] }, /Did you mean `anyOf`\?/],
      ['an unknown member', { ...PASSKEY, colour: 'red' }, /`rule\.colour` is unknown\. Write one of `anyOf`/],
      ['a symbol', { ...PASSKEY, [Symbol('x')]: 1 }, /is unknown/],
      ['__proto__ as a member', JSON.parse('{"method":"passkey","maxAge":300,"__proto__":{}}'), /is unknown/],
      ['an age without a method', { maxAge: '5m' }, /`rule\.method` must name a method.*`passkey`, `totp`, `password`/],
      [
        'an unknown method',
        { method: 'sms', maxAge: '5m' },
        /`sms` is not a configured method\. Name one of the `methods` option/,
      ],
      [
        'a misspelt method',
        { method: 'passkeys', maxAge: '5m' },
        /`passkeys` is not a configured method\. Did you mean `passkey`\?/,
      ],
      ['a method in capitals', { method: 'TOTP', maxAge: '5m' }, /Did you mean `totp`\?/],
      ['one unknown method of several', { method: ['totp', 'paskey'], maxAge: '5m' }, /Did you mean `passkey`\?/],
      ['no method of a list', { method: [], maxAge: '5m' }, /must name a method/],
      ['a hole in the list of methods', { method: [undefined], maxAge: '5m' }, /must name a method/],
      ['a method that is an object', { method: { name: 'passkey' }, maxAge: '5m' }, /must name a method/],
      ['maxAge 0', { method: 'passkey', maxAge: 0 }, /`rule\.maxAge` is 0\..*`once: true`/],
      ['a negative maxAge', { method: 'passkey', maxAge: -1 }, /`rule\.maxAge` must be a duration/],
      ['a maxAge of zero minutes', { method: 'passkey', maxAge: '0m' }, /`rule\.maxAge` must be a duration/],
      ['a maxAge without a unit', { method: 'passkey', maxAge: '300' }, /`rule\.maxAge` must be a duration/],
      ['NaN', { method: 'passkey', maxAge: Number.NaN }, /must be a duration/],
      ['Infinity', { method: 'passkey', maxAge: Number.POSITIVE_INFINITY }, /must be a duration/],
      ['a fraction of a second', { method: 'passkey', maxAge: 1.5 }, /must be a whole number of seconds/],
      ['an age past all counting', { method: 'passkey', maxAge: 1e18 }, /must be a duration/],
      ['an empty anyOf', { anyOf: [] }, /`rule\.anyOf` must be a list of rules/],
      ['an empty allOf', { allOf: [] }, /`rule\.allOf` must be a list of rules/],
      ['anyOf with one rule instead of a list', { anyOf: PASSKEY }, /`rule\.anyOf` must be a list of rules/],
      ['a hole in anyOf', { anyOf: [undefined] }, /`rule\.anyOf\[0\]` must be a plain object/],
      [
        'a mistake deep inside',
        { anyOf: [PASSKEY, { allOf: [{ method: 'totp', maxage: 1 }] }] },
        /`rule\.anyOf\[1\]\.allOf\[0\]\.maxage` is unknown/,
      ],
      ['anyOf beside allOf', { anyOf: [PASSKEY], allOf: [PASSKEY] }, /`rule` has `allOf` beside `anyOf`/],
      ['anyOf beside a method', { anyOf: [PASSKEY], method: 'totp' }, /`rule` has `method` beside `anyOf`/],
      ['once beside maxAge', { ...PASSKEY, once: true }, /`rule` has `maxAge` beside `once`/],
      ['bind beside maxAge', { ...PASSKEY, bind }, /`rule` has `maxAge` beside `bind`/],
      ['once beside bind', { method: 'passkey', once: true, bind }, /`rule` has `bind` beside `once`/],
      [
        'a summary without bind',
        { method: 'passkey', once: true, summary: () => '' },
        /`rule` has `summary` beside `once`/,
      ],
      ['once: false', { method: 'passkey', once: false }, /`rule\.once` must be true\..*`maxAge`/],
      ['once: 1', { method: 'passkey', once: 1 }, /must be true/],
      ['bind that is no function', { method: 'passkey', bind: { to: 1 } }, /`rule\.bind` must be a function/],
      ['bind: null', { method: 'passkey', bind: null }, /`rule\.bind` must be a function/],
      ['an approver without a summary', { method: 'passkey', bind, approver: 'user' }, /`rule\.summary` is missing/],
      [
        'an approver that is nobody',
        { method: 'passkey', bind, summary, approver: 'others' },
        /`rule\.approver` must be 'user' or a function/,
      ],
      [
        'an approver of a proof',
        { method: 'passkey', maxAge: '5m', approver: 'user' },
        /`rule` has `approver` beside `maxAge`/,
      ],
      [
        'summary that is no function',
        { method: 'passkey', bind, summary: 'Send' },
        /`rule\.summary` must be a function/,
      ],
      [
        'once inside anyOf',
        { anyOf: [PASSKEY, { method: 'totp', once: true }] },
        /`rule\.anyOf\[1\]` is for one request only/,
      ],
      ['bind inside allOf', { allOf: [{ method: 'totp', bind }] }, /`rule\.allOf\[0\]` is for one request only/],
      ['a rule within itself', cycle, /nested too deeply/],
    ];
    for (const [title, rule, message] of cases) it(title, () => assert.match(refusal(rule), message));
  });

  it('asks to configure a method when there is none', () => {
    assert.match(
      refusal(PASSKEY, []),
      /`passkey` is not a configured method\. Configure one in the `methods` option first\./,
    );
  });
});
