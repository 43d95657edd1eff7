import * as fc from 'fast-check';
import { parseRule } from '../../lib/step-up/parse-rule.js';
import type { ParsedRule, Rule } from '../../lib/step-up/rule.js';

/** `constructor` and `__proto__` are names as good as any other. */
export const METHODS = ['passkey', 'totp', 'password', 'constructor', '__proto__'] as const;

/** Checks a rule that is meant to be good, and is none for an action. */
export function rule(written: Rule<string>): ParsedRule {
  const checked = parseRule(written, METHODS);
  if (checked.type === 'action') throw new TypeError('An action is not evaluated against proofs.');
  return checked;
}

const method = fc.constantFrom(...METHODS);
const leaf = fc.record({
  method: fc.oneof(method, fc.array(method, { minLength: 1, maxLength: 3 })),
  maxAge: fc.oneof(fc.integer({ min: 1, max: 900 }), fc.constantFrom('1s', '5m', '12h')),
});

/** Rules as an app writes them, at most four levels deep. */
export const someRule: fc.Arbitrary<Rule<string>> = fc.letrec<{ rule: Rule<string> }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'rule' },
    leaf,
    fc.record({ anyOf: fc.array(tie('rule'), { minLength: 1, maxLength: 3, depthIdentifier: 'rule' }) }),
    fc.record({ allOf: fc.array(tie('rule'), { minLength: 1, maxLength: 3, depthIdentifier: 'rule' }) }),
  ),
})).rule;

export const NOW = 1_790_000_000_000;

/** Proofs around `NOW`: fresh, old, future, and of a method that no rule names; some at the edges. */
export const someProofs: fc.Arbitrary<Record<string, number>> = fc
  .array(
    fc.tuple(
      fc.constantFrom(...METHODS, 'foreign'),
      fc.oneof(
        fc.integer({ min: NOW - 1_000_000, max: NOW + 10_000 }),
        fc.constantFrom(NOW, NOW + 5_000, NOW + 5_001, NOW - 1_000, NOW - 999, NOW - 300_000, NOW - 299_999),
      ),
    ),
    { maxLength: 6 },
  )
  .map((entries) => Object.fromEntries(entries));
