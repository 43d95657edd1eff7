import type { Clock } from '../internal/clock.js';
import type { Methods } from '../step-up/methods.js';
import { methodsOf, type ParsedActionRule, type ParsedRule, ruleJson, smallestMaxAge } from '../step-up/rule.js';
import type { UnansweredChallenge, VerifyOutcome, WrongAnswer } from '../step-up/verify.js';
import type {
  ActionChallengeJson,
  MethodJson,
  RefusalJson,
  StepUpFailedJson,
  StepUpRequiredJson,
  StepUpUnavailableJson,
  TooManyJson,
} from '../wire.js';
import { bearer, Refusal } from './refusal.js';

/** Why a step-up guard refuses. */
export type StepUpReason = 'missing' | 'expired' | 'spent';

const DESCRIPTIONS: Readonly<Record<StepUpReason, string>> = {
  missing: 'This request needs a further confirmation',
  expired: 'This request needs a newer confirmation',
  spent: 'This request needs a confirmation of its own',
};

export interface StepUpRequired {
  readonly rule: ParsedRule | ParsedActionRule;
  readonly reason: StepUpReason;
  /** Which methods of the rule the user has. */
  readonly enrolled: readonly string[];
  /** The ways that are left, shortest first. */
  readonly missing: readonly (readonly string[])[];
  /** For an action. */
  readonly challenge?: ActionChallengeJson;
  /** When the same action was done before, in epoch milliseconds. */
  readonly spentAt?: number;
  readonly detail?: string;
}

export function stepUpRequired(methods: Methods, required: StepUpRequired): Refusal {
  const { rule, reason, enrolled, missing, challenge, spentAt, detail } = required;
  const names = methodsOf(rule);
  return new Refusal('step_up_required', {
    headers: { 'WWW-Authenticate': stepUpChallenge(reason, methods.acrsOf(names), smallestMaxAge(rule)) },
    ...(detail === undefined ? {} : { detail }),
    members: {
      rule: ruleJson(rule),
      reason,
      missing,
      methods: methodsJson(names, enrolled),
      ...(spentAt === undefined ? {} : { spentAt }),
      ...(challenge === undefined ? {} : { challenge }),
    } satisfies Members<StepUpRequiredJson>,
  });
}

/** What a refusal's JSON has beside what all have. */
type Members<T extends RefusalJson> = Omit<T, keyof RefusalJson>;

/** An answer failed. `'challenge'`: it has used up nothing, and the request has to be sent again for another challenge. */
export function stepUpFailed(members: Members<StepUpFailedJson>): Refusal {
  return new Refusal('step_up_failed', { members: { ...members } });
}

/**
 * The header of a live session without the proof that a guard asks for (RFC 9470, 3). `acrs` come in order of preference,
 * and without any there is no such parameter; `maxAge` is in milliseconds.
 */
export function stepUpChallenge(reason: StepUpReason, acrs: readonly string[], maxAge: number): string {
  return bearer([
    ['error', 'insufficient_user_authentication'],
    ['error_description', DESCRIPTIONS[reason]],
    ...(acrs.length === 0 ? [] : [['acr_values', acrs.join(' ')] as const]),
    ['max_age', String(maxAge / 1_000)],
  ]);
}

/** The user has nothing that meets the rule; `methods` says what could be set up. */
export function stepUpUnavailable(rule: ParsedRule | ParsedActionRule, enrolled: readonly string[]): Refusal {
  return new Refusal('step_up_unavailable', {
    members: {
      rule: ruleJson(rule),
      methods: methodsJson(methodsOf(rule), enrolled),
    } satisfies Members<StepUpUnavailableJson>,
  });
}

function methodsJson(names: readonly string[], enrolled: readonly string[]): readonly MethodJson[] {
  return names.map((method) => ({ method, enrolled: enrolled.includes(method) }));
}

/** For an answer that was not accepted. */
export function notVerified(outcome: Exclude<VerifyOutcome<object>, { outcome: 'verified' }>, clock: Clock): Refusal {
  switch (outcome.outcome) {
    case 'failed':
      return stepUpFailed(failedMembers(outcome));
    case 'disabled':
      return new Refusal('method_disabled');
    case 'locked':
      return tooMany('method_locked', outcome.until, clock);
  }
}

/** It can be tried again at `until`. */
export function tooMany(code: TooManyJson['code'], until: number, clock: Clock): Refusal {
  const seconds = Math.max(1, Math.ceil((until - clock.now()) / 1_000));
  return new Refusal(code, {
    headers: { 'Retry-After': String(seconds) },
    members: { retryAfter: seconds } satisfies Members<TooManyJson>,
  });
}

export function failedMembers(failed: UnansweredChallenge | WrongAnswer): Members<StepUpFailedJson> {
  if (failed.reason === 'challenge') return { reason: failed.reason };
  const { reason, attemptsLeft, isNobodys } = failed;
  return { reason, attemptsLeft, ...(isNobodys ? { unknownCredential: true } : {}) };
}
