import { type ParsedActionRule, type ParsedRule, ruleJson } from '../step-up/rule.js';
import { Refusal } from './refusal.js';
import type { StepUpReason } from './www-authenticate.js';

/** A challenge that comes with the refusal, so that the client can answer it at once. */
export interface ActionChallengeJson {
  readonly id: string;
  readonly expiresAt: number;
  readonly summary: string | null;
  /** What each method needs for its ceremony; `options` is null for one without. */
  readonly methods: Readonly<Record<string, { readonly options: object | null }>>;
}

export interface StepUpRequired {
  readonly rule: ParsedRule | ParsedActionRule;
  readonly reason: StepUpReason;
  /** The methods of the rule, and which of them the user has. */
  readonly names: readonly string[];
  readonly enrolled: readonly string[];
  /** RFC 9470. */
  readonly wwwAuthenticate: string;
  /** For an action. */
  readonly challenge?: ActionChallengeJson;
  /** When the same action was done before, in epoch milliseconds. */
  readonly spentAt?: number;
  readonly detail?: string;
}

export function stepUpRequired(required: StepUpRequired): Refusal {
  const { rule, reason, names, enrolled, wwwAuthenticate, challenge, spentAt, detail } = required;
  return new Refusal('step_up_required', {
    headers: { 'WWW-Authenticate': wwwAuthenticate },
    ...(detail === undefined ? {} : { detail }),
    members: {
      rule: ruleJson(rule),
      reason,
      methods: methodsJson(names, enrolled),
      ...(spentAt === undefined ? {} : { spentAt }),
      ...(challenge === undefined ? {} : { challenge }),
    },
  });
}

/** The user has nothing that meets the rule; `methods` says what could be set up. */
export function stepUpUnavailable(
  rule: ParsedRule | ParsedActionRule,
  names: readonly string[],
  enrolled: readonly string[],
): Refusal {
  return new Refusal('step_up_unavailable', {
    members: { rule: ruleJson(rule), methods: methodsJson(names, enrolled) },
  });
}

/** `remaining`: for how many milliseconds the method stays locked. */
export function methodLocked(remaining: number): Refusal {
  const seconds = Math.max(1, Math.ceil(remaining / 1_000));
  return new Refusal('method_locked', { headers: { 'Retry-After': String(seconds) } });
}

function methodsJson(names: readonly string[], enrolled: readonly string[]): readonly object[] {
  return names.map((method) => ({ method, enrolled: enrolled.includes(method) }));
}
