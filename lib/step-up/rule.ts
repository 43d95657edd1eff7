import type { IncomingMessage } from 'node:http';
import { CLOCK_TOLERANCE } from '../internal/clock.js';
import type { Duration } from '../internal/duration.js';
import type { ProofTimes } from '../stores/contract/sessions.js';
import type { RuleJson } from '../wire.js';

/**
 * The request as `bind` sees it. What a body parser, Express or a router add is typed as if it were there, with values
 * of unknown type; where it isn't, `bind` throws, and the guard answers 400. To have more, annotate it:
 * `bind(req: express.Request<Params, unknown, Body>)`.
 */
export interface GuardRequest extends IncomingMessage {
  readonly originalUrl: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
}

/** What a guard asks for: a proof of a method (of any of several) that is less than `maxAge` old, or a combination. */
export type Rule<N extends string> =
  | Alone<{ readonly method: N | readonly N[]; readonly maxAge: Duration }>
  | Alone<{ readonly anyOf: readonly Rule<N>[] }>
  | Alone<{ readonly allOf: readonly Rule<N>[] }>;

/**
 * What a guard asks for when the proof is for exactly this request, and is spent by it: `once` for the request as such,
 * `bind` for what it says as well. `summary` puts that into words for the user. With an `approver` somebody else gives the
 * proof, in another session.
 */
export type ActionRule<N extends string, P, R extends IncomingMessage = GuardRequest> =
  | Alone<{ readonly method: N | readonly N[]; readonly once: true }>
  | Alone<{ readonly method: N | readonly N[]; bind(req: R): P | Promise<P>; summary?(payload: P): string }>
  | Alone<{
      readonly method: N | readonly N[];
      bind(req: R): P | Promise<P>;
      summary(payload: P): string;
      readonly approver: Approver<P, R>;
    }>;

/**
 * Who has to approve the request, in a session of their own: the user whose session or API key asks for it, or the users
 * whose ids the function gives (the asker's own user is left out). It is asked again when the approval is spent.
 */
export type Approver<P, R extends IncomingMessage = GuardRequest> =
  | 'user'
  | ((req: R, payload: P) => readonly string[] | Promise<readonly string[]>);

/** Without this a literal could mix the members of several forms and still compile. */
type Alone<T> = T & { readonly [K in Exclude<RuleKey, keyof T>]?: never };
export type RuleKey = 'method' | 'maxAge' | 'anyOf' | 'allOf' | 'once' | 'bind' | 'summary' | 'approver';

/** A rule as `parseRule` leaves it. `maxAge` is in milliseconds. */
export type ParsedRule =
  | { readonly type: 'proof'; readonly methods: readonly string[]; readonly maxAge: number }
  | { readonly type: 'anyOf' | 'allOf'; readonly rules: readonly ParsedRule[] };

/** An action rule as `parseRule` leaves it; without `bind` it is a `once`. */
export interface ParsedActionRule {
  readonly type: 'action';
  readonly methods: readonly string[];
  readonly bind: ((req: IncomingMessage) => unknown) | null;
  readonly summary: ((payload: unknown) => unknown) | null;
  /** Null: the caller confirms it. */
  readonly approver: 'user' | ((req: IncomingMessage, payload: unknown) => unknown) | null;
}

export type RuleOutcome =
  | { readonly outcome: 'met' }
  /** `expired`: there were proofs enough, but not fresh ones. */
  | { readonly outcome: 'unmet'; readonly reason: 'missing' | 'expired' };

/** From worst to best, so that "any of" is the best of its parts and "all of" the worst. */
const MISSING = 0;
const EXPIRED = 1;
const MET = 2;

/**
 * Decides whether these proofs meet the rule at `now`. What isn't clearly met is unmet: an unknown rule, a time that
 * isn't a number, a proof further ahead than the clocks may differ.
 */
export function evaluateRule(rule: ParsedRule, proofs: ProofTimes, now: number): RuleOutcome {
  const grade = gradeOf(rule, proofs, now);
  return grade === MET ? { outcome: 'met' } : { outcome: 'unmet', reason: grade === EXPIRED ? 'expired' : 'missing' };
}

function gradeOf(rule: ParsedRule, proofs: ProofTimes, now: number): number {
  switch (rule.type) {
    case 'proof':
      return Math.max(MISSING, ...rule.methods.map((method) => gradeOfProof(proofs, method, rule.maxAge, now)));
    case 'anyOf':
      return Math.max(MISSING, ...rule.rules.map((part) => gradeOf(part, proofs, now)));
    case 'allOf':
      // The least of no grades would be Infinity: an empty rule must not be met.
      return rule.rules.length === 0 ? MISSING : Math.min(...rule.rules.map((part) => gradeOf(part, proofs, now)));
    default:
      return MISSING;
  }
}

function gradeOfProof(proofs: ProofTimes, method: string, maxAge: number, now: number): number {
  // Own members only: an app may call its method `constructor`.
  const verifiedAt = Object.hasOwn(proofs, method) ? proofs[method] : undefined;
  if (typeof verifiedAt !== 'number' || !(verifiedAt - now <= CLOCK_TOLERANCE)) return MISSING;
  return now - verifiedAt < maxAge ? MET : EXPIRED;
}

/** What a client hears at most of the ways that are left. */
const MAX_WAYS = 16;

/**
 * The ways that are left to meet a rule, shortest first, then in the rule's order: each a list of methods of which this
 * user has to give a fresh proof, all of them. One empty way when the rule is met; none when the user can't meet it.
 */
export function waysLeft(
  rule: ParsedRule,
  user: { readonly proofs: ProofTimes; readonly enrolled: readonly string[]; readonly now: number },
): readonly (readonly string[])[] {
  if (evaluateRule(rule, user.proofs, user.now).outcome === 'met') return [[]];
  switch (rule.type) {
    case 'proof':
      return shortest(rule.methods.filter((method) => user.enrolled.includes(method)).map((method) => [method]));
    case 'anyOf':
      return shortest(rule.rules.flatMap((part) => waysLeft(part, user)));
    case 'allOf':
      if (rule.rules.length === 0) return []; // which is met by nothing
      return rule.rules
        .map((part) => waysLeft(part, user))
        .reduce(
          (ways, more) => shortest(ways.flatMap((way) => more.map((rest) => [...new Set([...way, ...rest])]))),
          [[]],
        );
    default:
      return [];
  }
}

/** Without those that ask for all that a shorter one asks for. */
function shortest(ways: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const found: (readonly string[])[] = [];
  for (const way of [...ways].sort((one, other) => one.length - other.length)) {
    if (found.length === MAX_WAYS) break;
    if (!found.some((shorter) => shorter.every((method) => way.includes(method)))) found.push(way);
  }
  return found;
}

/** The methods a rule names, in its order, without repeats. */
export function methodsOf(rule: ParsedRule | ParsedActionRule): readonly string[] {
  return 'methods' in rule ? rule.methods : [...new Set(rule.rules.flatMap(methodsOf))];
}

/** The shortest time in milliseconds that a rule allows a proof to be old; 0 for an action, which takes no older proof. */
export function smallestMaxAge(rule: ParsedRule | ParsedActionRule): number {
  if (rule.type === 'action') return 0;
  return rule.type === 'proof' ? rule.maxAge : Math.min(...rule.rules.map(smallestMaxAge));
}

export function ruleJson(rule: ParsedRule | ParsedActionRule): RuleJson {
  if ('rules' in rule) {
    const parts = rule.rules.map(ruleJson);
    return rule.type === 'anyOf' ? { anyOf: parts } : { allOf: parts };
  }
  const [first, ...others] = rule.methods;
  const method = first === undefined || others.length > 0 ? rule.methods : first; // none where only a new sign-in does
  return rule.type === 'action' ? { method, once: true } : { method, maxAge: rule.maxAge / 1_000 };
}
