import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { CLOCK_TOLERANCE } from '../../lib/internal/clock.js';
import { parseRule } from '../../lib/step-up/parse-rule.js';
import { evaluateRule, methodsOf, type Rule, ruleJson, smallestMaxAge } from '../../lib/step-up/rule.js';
import { METHODS, NOW, rule, someProofs, someRule } from '../support/rules.js';

const MET = { outcome: 'met' };
const MISSING = { outcome: 'unmet', reason: 'missing' };
const EXPIRED = { outcome: 'unmet', reason: 'expired' };

const PASSKEY = rule({ method: 'passkey', maxAge: '5m' });
const FIVE_MINUTES = 300_000;

function same(left: Rule<string>, right: Rule<string>, proofs: Record<string, number>): void {
  assert.deepEqual(evaluateRule(rule(left), proofs, NOW), evaluateRule(rule(right), proofs, NOW));
}

describe('a rule for one proof', () => {
  it('is met by a proof until exactly maxAge after it', () => {
    for (const age of [0, 1, FIVE_MINUTES - 1]) {
      assert.deepEqual(evaluateRule(PASSKEY, { passkey: NOW - age }, NOW), MET, `${age}`);
    }
    for (const age of [FIVE_MINUTES, FIVE_MINUTES + 1, NOW]) {
      assert.deepEqual(evaluateRule(PASSKEY, { passkey: NOW - age }, NOW), EXPIRED, `${age}`);
    }
  });

  it('takes a proof from a clock slightly ahead as made now, and one further ahead as none', () => {
    const second = rule({ method: 'passkey', maxAge: 1 });
    assert.deepEqual(evaluateRule(second, { passkey: NOW + 1 }, NOW), MET);
    assert.deepEqual(evaluateRule(second, { passkey: NOW + CLOCK_TOLERANCE }, NOW), MET);
    assert.deepEqual(evaluateRule(second, { passkey: NOW + CLOCK_TOLERANCE + 1 }, NOW), MISSING);
    assert.deepEqual(evaluateRule(second, { passkey: Number.MAX_SAFE_INTEGER }, NOW), MISSING);
  });

  it('is not met by another method, however fresh', () => {
    assert.deepEqual(evaluateRule(PASSKEY, { totp: NOW, Passkey: NOW, 'passkey ': NOW }, NOW), MISSING);
  });

  it('is met by any one of its methods', () => {
    const either = rule({ method: ['passkey', 'totp'], maxAge: '10m' });
    assert.deepEqual(evaluateRule(either, { totp: NOW }, NOW), MET);
    assert.deepEqual(evaluateRule(either, { passkey: NOW }, NOW), MET);
    assert.deepEqual(evaluateRule(either, { passkey: 0, totp: NOW }, NOW), MET);
    assert.deepEqual(evaluateRule(either, { passkey: 0 }, NOW), EXPIRED);
    assert.deepEqual(evaluateRule(either, { password: NOW }, NOW), MISSING);
  });

  it('takes no inherited member for a proof', () => {
    const odd = rule({ method: ['constructor', '__proto__'], maxAge: '5m' });
    assert.deepEqual(evaluateRule(odd, {}, NOW), MISSING);
    assert.deepEqual(evaluateRule(PASSKEY, Object.create({ passkey: NOW }), NOW), MISSING);
  });

  it('takes nothing but a number for a time', () => {
    for (const time of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      `${NOW}`,
      new Date(NOW),
      BigInt(NOW),
      true,
      null,
      [NOW],
    ]) {
      assert.deepEqual(evaluateRule(PASSKEY, { passkey: time } as never, NOW), MISSING, String(time));
    }
    assert.deepEqual(evaluateRule(PASSKEY, { passkey: Number.NEGATIVE_INFINITY }, NOW), EXPIRED);
  });

  it('is never met when the time is unknown', () => {
    for (const now of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.equal(evaluateRule(PASSKEY, { passkey: NOW }, now).outcome, 'unmet');
    }
  });
});

describe('a combined rule', () => {
  const both = rule({
    allOf: [
      { method: 'password', maxAge: '5m' },
      { method: 'totp', maxAge: '1m' },
    ],
  });

  it('needs every part of allOf, each with its own age', () => {
    assert.deepEqual(evaluateRule(both, { password: NOW - 200_000, totp: NOW - 59_999 }, NOW), MET);
    assert.deepEqual(evaluateRule(both, { password: NOW - 200_000, totp: NOW - 60_000 }, NOW), EXPIRED);
    assert.deepEqual(evaluateRule(both, { password: NOW }, NOW), MISSING);
  });

  it('says that proofs are missing rather than expired when some of each are', () => {
    assert.deepEqual(evaluateRule(both, { password: 0 }, NOW), MISSING);
    assert.deepEqual(
      evaluateRule(
        rule({
          anyOf: [
            { method: 'passkey', maxAge: 1 },
            { method: 'totp', maxAge: 1 },
          ],
        }),
        { totp: 0 },
        NOW,
      ),
      EXPIRED,
    );
  });

  it('is unmet when it is empty or of no known shape, whatever the proofs', () => {
    const proofs = { passkey: NOW };
    for (const odd of [
      { type: 'allOf', rules: [] },
      { type: 'anyOf', rules: [] },
      { type: 'proof', methods: [], maxAge: 300_000 },
      { type: 'proof', methods: ['passkey'] },
      { type: 'allof', rules: [PASSKEY] },
      { type: 'action', methods: ['passkey'], bind: null, summary: null },
      { method: 'passkey', maxAge: 300 },
      {},
      { type: 'allOf', rules: [PASSKEY, {}] },
      { type: 'allOf', rules: [PASSKEY, { type: 'allOf', rules: [] }] },
    ]) {
      assert.deepEqual(evaluateRule(odd as never, proofs, NOW).outcome, 'unmet', JSON.stringify(odd));
    }
  });
});

describe('the laws of rules', () => {
  it('denies whatever the rule when there are no proofs', () => {
    fc.assert(fc.property(someRule, (a) => assert.deepEqual(evaluateRule(rule(a), {}, NOW), MISSING)));
  });

  it('decides as the plain reading of the rule does', () => {
    const reads = (a: Rule<string>, proofs: Record<string, number>): boolean => {
      if (a.anyOf) return a.anyOf.some((part) => reads(part, proofs));
      if (a.allOf) return a.allOf.every((part) => reads(part, proofs));
      const { methods, maxAge } = Object.assign({ methods: [] as readonly string[], maxAge: 0 }, rule(a));
      return Object.entries(proofs).some(
        ([method, at]) => methods.includes(method) && at <= NOW + CLOCK_TOLERANCE && at + maxAge > NOW,
      );
    };
    fc.assert(
      fc.property(someRule, someProofs, (a, proofs) =>
        assert.equal(evaluateRule(rule(a), proofs, NOW).outcome === 'met', reads(a, proofs)),
      ),
    );
  });

  it('is commutative', () => {
    fc.assert(
      fc.property(someRule, someRule, someProofs, (a, b, proofs) => {
        same({ anyOf: [a, b] }, { anyOf: [b, a] }, proofs);
        same({ allOf: [a, b] }, { allOf: [b, a] }, proofs);
      }),
    );
  });

  it('is associative', () => {
    fc.assert(
      fc.property(someRule, someRule, someRule, someProofs, (a, b, c, proofs) => {
        same({ anyOf: [a, { anyOf: [b, c] }] }, { anyOf: [{ anyOf: [a, b] }, c] }, proofs);
        same({ allOf: [a, { allOf: [b, c] }] }, { allOf: [{ allOf: [a, b] }, c] }, proofs);
        same({ anyOf: [a, { anyOf: [b, c] }] }, { anyOf: [a, b, c] }, proofs);
        same({ allOf: [a, { allOf: [b, c] }] }, { allOf: [a, b, c] }, proofs);
      }),
    );
  });

  it('is idempotent and absorbs', () => {
    fc.assert(
      fc.property(someRule, someRule, someProofs, (a, b, proofs) => {
        same({ anyOf: [a] }, a, proofs);
        same({ allOf: [a] }, a, proofs);
        same({ anyOf: [a, a] }, a, proofs);
        same({ allOf: [a, a] }, a, proofs);
        same({ anyOf: [a, { allOf: [a, b] }] }, a, proofs);
        same({ allOf: [a, { anyOf: [a, b] }] }, a, proofs);
      }),
    );
  });

  it('distributes', () => {
    fc.assert(
      fc.property(someRule, someRule, someRule, someProofs, (a, b, c, proofs) => {
        same({ allOf: [a, { anyOf: [b, c] }] }, { anyOf: [{ allOf: [a, b] }, { allOf: [a, c] }] }, proofs);
        same({ anyOf: [a, { allOf: [b, c] }] }, { allOf: [{ anyOf: [a, b] }, { anyOf: [a, c] }] }, proofs);
      }),
    );
  });

  it('reads a list of methods as any of them', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...METHODS), { minLength: 1 }), someProofs, (methods, proofs) => {
        const anyOf = methods.map((method) => ({ method, maxAge: 300 }));
        same({ method: methods, maxAge: 300 }, { anyOf }, proofs);
      }),
    );
  });

  it('never loses by a newer proof, nor by one of another method', () => {
    fc.assert(
      fc.property(someRule, someProofs, fc.constantFrom(...METHODS, 'foreign'), (a, proofs, method) => {
        const newer = Object.fromEntries([...Object.entries(proofs), [method, NOW]]);
        const before = evaluateRule(rule(a), proofs, NOW);
        if (before.outcome === 'met') assert.deepEqual(evaluateRule(rule(a), newer, NOW), MET);
      }),
    );
  });

  it('never gains by the passing of time', () => {
    fc.assert(
      fc.property(someRule, someProofs, fc.nat(2_000_000), (a, all, later) => {
        // Proofs from the future come of age with time, as they should.
        const proofs = Object.fromEntries(Object.entries(all).filter(([, at]) => at <= NOW + CLOCK_TOLERANCE));
        if (evaluateRule(rule(a), proofs, NOW + later).outcome === 'met') {
          assert.deepEqual(evaluateRule(rule(a), proofs, NOW), MET);
        }
      }),
    );
  });

  it('is met by fresh proofs of its own methods only', () => {
    fc.assert(
      fc.property(someRule, someProofs, (a, proofs) => {
        const checked = rule(a);
        const of = methodsOf(checked);
        const own = Object.fromEntries(Object.entries(proofs).filter(([method]) => of.includes(method)));
        assert.deepEqual(evaluateRule(checked, proofs, NOW), evaluateRule(checked, own, NOW));

        const foreign = Object.fromEntries(Object.entries(proofs).filter(([method]) => !of.includes(method)));
        assert.deepEqual(evaluateRule(checked, foreign, NOW), MISSING);

        const future = Object.fromEntries(of.map((method) => [method, NOW + CLOCK_TOLERANCE + 1]));
        assert.deepEqual(evaluateRule(checked, future, NOW), MISSING);

        const old = Object.fromEntries(of.map((method) => [method, NOW - 43_200_000]));
        assert.deepEqual(evaluateRule(checked, old, NOW), EXPIRED);
      }),
    );
  });

  it('is met by proofs of all its methods that are younger than its smallest maxAge', () => {
    fc.assert(
      fc.property(someRule, (a) => {
        const checked = rule(a);
        const at = NOW - smallestMaxAge(checked) + 1;
        const proofs = Object.fromEntries(methodsOf(checked).map((method) => [method, at]));
        assert.deepEqual(evaluateRule(checked, proofs, NOW), MET);
      }),
    );
  });
});

describe('what a refusal says of a rule', () => {
  const nested = rule({
    anyOf: [
      {
        allOf: [
          { method: 'totp', maxAge: '5m' },
          { method: 'password', maxAge: '2m' },
        ],
      },
      { method: ['passkey', 'totp', 'passkey'], maxAge: '12h' },
    ],
  });
  const once = parseRule({ method: ['totp', 'passkey'], once: true }, METHODS);

  it('names the methods in the order of the rule, without repeats', () => {
    assert.deepEqual(methodsOf(nested), ['totp', 'password', 'passkey']);
    assert.deepEqual(methodsOf(once), ['totp', 'passkey']);
  });

  it('gives the smallest maxAge, and 0 for an action', () => {
    assert.equal(smallestMaxAge(nested), 120_000);
    assert.equal(smallestMaxAge(once), 0);
  });

  it('writes the rule in its own form with seconds', () => {
    assert.deepEqual(ruleJson(nested), {
      anyOf: [
        {
          allOf: [
            { method: 'totp', maxAge: 300 },
            { method: 'password', maxAge: 120 },
          ],
        },
        { method: ['passkey', 'totp'], maxAge: 43_200 },
      ],
    });
    assert.deepEqual(ruleJson(once), { method: ['totp', 'passkey'], once: true });
    assert.deepEqual(ruleJson(parseRule({ method: 'totp', bind: () => ({}) }, METHODS)), {
      method: 'totp',
      once: true,
    });
  });

  it('writes a rule that can be read back to the same', () => {
    fc.assert(
      fc.property(someRule, (a) => {
        const written: unknown = JSON.parse(JSON.stringify(ruleJson(rule(a))));
        assert.deepEqual(parseRule(written, METHODS), rule(a));
      }),
    );
  });
});
