import type { Services } from '../services.js';
import type { ProofTimes, SessionRow } from '../stores/contract/sessions.js';
import { noMethods } from './methods.js';
import { evaluateRule, type ParsedRule } from './rule.js';

/** How old the proof may be that lets somebody add, rename or remove a method: five minutes. */
const MAX_AGE = 5 * 60_000;
/** Instead of the strongest method, for those who have lost it. */
const RECOVERY = 'recovery-code';

export type EnrolmentOutcome =
  /** `onlyIfNone`: the user has no method yet, and what is added must find it so. */
  | { readonly outcome: 'allowed'; readonly onlyIfNone: boolean }
  /** `methods`: what would do. None: only a new sign-in does. */
  | { readonly outcome: 'refused'; readonly rule: ParsedRule; readonly reason: 'missing' | 'expired' };

/**
 * Decides whether this session may change the user's methods: by a fresh proof of the **strongest** method the user
 * has, or a recovery code; with none, by an interactive sign-in just now. Anything weaker would let whoever has copied
 * a session make a key of their own.
 */
export type CheckEnrolment = (row: SessionRow, proofs: ProofTimes) => Promise<EnrolmentOutcome>;

export function createCheckEnrolment({ methods, clock }: Pick<Services, 'methods' | 'clock'>): CheckEnrolment {
  const candidates = methods.names.filter((name) => name !== RECOVERY);
  return async (row, proofs) => {
    if (methods.names.length === 0) throw noMethods();
    const [strongest] = await methods.enrolled(candidates, row.userId);
    const now = clock.now();
    const onlyIfNone = strongest === undefined;
    const accepted = onlyIfNone ? Object.keys(row.signInProofs) : [strongest, RECOVERY];
    const rule: ParsedRule = { type: 'proof', methods: accepted, maxAge: MAX_AGE };
    const answer = evaluateRule(rule, onlyIfNone ? row.signInProofs : proofs, now);
    if (answer.outcome === 'met') return { outcome: 'allowed', onlyIfNone };
    const askable = onlyIfNone ? [] : accepted.filter((name) => methods.get(name) !== undefined);
    return { outcome: 'refused', rule: { ...rule, methods: askable }, reason: answer.reason };
  };
}
