import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseRule } from '../../lib/step-up/parse-rule.js';
import { evaluateRule, type Rule, waysLeft } from '../../lib/step-up/rule.js';
import { METHODS, NOW, rule, someProofs, someRule } from '../support/rules.js';

const FRESH = NOW;

function left(
  written: Rule<string>,
  { proofs = {}, enrolled = METHODS }: { proofs?: Record<string, number>; enrolled?: readonly string[] } = {},
): readonly (readonly string[])[] {
  return waysLeft(rule(written), { proofs, enrolled, now: NOW });
}

const proof = (method: string | readonly string[]): Rule<string> => ({ method, maxAge: '5m' });

describe('the ways that are left', () => {
  it('are the methods that the user has, one by one, in the order of the rule', () => {
    assert.deepEqual(left(proof(['totp', 'passkey', 'password']), { enrolled: ['password', 'totp'] }), [
      ['totp'],
      ['password'],
    ]);
  });

  it('become shorter with each proof of several that are asked for', () => {
    const both = { allOf: [proof('password'), proof('totp')] };
    assert.deepEqual(left(both), [['password', 'totp']]);
    assert.deepEqual(left(both, { proofs: { password: FRESH } }), [['totp']]);
    assert.deepEqual(left(both, { proofs: { password: FRESH, totp: FRESH } }), [[]]);
  });

  it('begin with the shortest, and leave out what asks for more than another', () => {
    const written = {
      anyOf: [
        { allOf: [proof('password'), proof('totp')] },
        proof('passkey'),
        { allOf: [proof('passkey'), proof('totp')] },
      ],
    };
    assert.deepEqual(left(written), [['passkey'], ['password', 'totp']]);
  });

  it('name a method once, however often and with whichever age it is asked for', () => {
    const written = { allOf: [proof('totp'), { method: 'totp', maxAge: '1m' } as const, proof(['totp', 'passkey'])] };
    assert.deepEqual(left(written), [['totp']]);
  });

  it('are none where the user lacks a method', () => {
    assert.deepEqual(left({ allOf: [proof('password'), proof('totp')] }, { enrolled: ['totp'] }), []);
    assert.deepEqual(waysLeft({ type: 'allOf', rules: [] }, { proofs: {}, enrolled: METHODS, now: NOW }), []);
  });

  it('are sixteen at most, found in a time that does not depend on how many there would be', () => {
    const names = Array.from({ length: 200 }, (_, n) => `method-${n}`);
    const wide = { allOf: Array.from({ length: 20 }, (_, n) => proof(names.slice(n * 10, n * 10 + 10))) };
    const parsed = parseRule(wide, names);
    assert.ok(parsed.type !== 'action');
    const start = performance.now();
    const ways = waysLeft(parsed, { proofs: {}, enrolled: names, now: NOW });
    assert.equal(ways.length, 16);
    assert.ok(performance.now() - start < 1_000);
  });

  it('meet the rule when all of one is proved, and not when one of it is missing', () => {
    fc.assert(
      fc.property(someRule, someProofs, fc.subarray([...METHODS]), (written, proofs, enrolled) => {
        const parsed = rule(written);
        const isMet = (methods: readonly string[]): boolean => {
          const fresh = methods.map((method) => [method, NOW] as const);
          return evaluateRule(parsed, Object.fromEntries([...Object.entries(proofs), ...fresh]), NOW).outcome === 'met';
        };
        const ways = left(written, { proofs, enrolled });
        assert.equal(ways.length > 0, isMet(enrolled));
        for (const way of ways) {
          assert.ok(way.every((method) => enrolled.includes(method as never)));
          assert.ok(isMet(way), way.join());
          for (const method of way)
            assert.ok(!isMet(way.filter((other) => other !== method)), `${way.join()} but ${method}`);
        }
      }),
    );
  });
});
