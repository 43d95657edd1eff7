import type { IncomingMessage, ServerResponse } from 'node:http';
import { SetupError } from '../internal/setup-error.js';
import type { Services } from '../services.js';
import { partOf } from '../step-up/methods.js';
import { parseRule } from '../step-up/parse-rule.js';
import {
  type ActionRule,
  evaluateRule,
  type GuardRequest,
  methodsOf,
  type ParsedActionRule,
  type ParsedRule,
  type Rule,
  waysLeft,
} from '../step-up/rule.js';
import { type ApprovalServices, type ApproverRule, requireApproval } from './approved-request.js';
import { proofTimes } from './authenticate.js';
import { refuseImpersonator } from './caller.js';
import { type ConfirmationServices, requireConfirmation } from './confirmed-request.js';
import type { Guard, MeetsRule } from './guard.js';
import { type OnRefusal, refusalFrom, refusing } from './refusal.js';
import type { LiveSession } from './request-auth.js';
import type { Middleware } from './require-session.js';
import { stepUpRequired, stepUpUnavailable } from './step-up-refusal.js';

export interface RequireFreshStepUpOptions {
  /** Answers for this guard in place of the instance's `onRefusal`. */
  readonly onRefusal?: OnRefusal | undefined;
}

/**
 * Makes a guard that asks for a fresh proof, or for a confirmation of exactly this request. It checks the session itself.
 * Throws a `SetupError` for a wrong rule. Refuses with 401 `step_up_required` and what would do, with 403
 * `step_up_unavailable` where the user has nothing that would, and with 400 `action_incomplete` where `bind` can't say
 * what is to be confirmed. With an `approver` it refuses with 401 `approval_required` until somebody else has approved it,
 * and with 429 `too_many_pending`.
 */
export type RequireFreshStepUp<Name extends string> = <P = never, R extends IncomingMessage = GuardRequest>(
  rule: Rule<Name> | ActionRule<Name, P, R>,
  options?: RequireFreshStepUpOptions,
) => Guard<MeetsRule<P>>;

/** See `Stepgate.checkFreshStepUp`. */
export type CheckFreshStepUp<Name extends string> = <P = never, R extends IncomingMessage = GuardRequest>(
  rule: Rule<Name> | ActionRule<Name, P, R>,
) => (req: IncomingMessage) => Promise<MeetsRule<P>>;

/** Lets a request pass a rule or rejects with a `Refusal`. */
export type StepUpCheck = (req: IncomingMessage) => Promise<void>;

type Needed = ConfirmationServices & ApprovalServices & Pick<Services, 'requireCallerAnew'>;

/** Prepares the check of a rule; whatever is wrong with the rule shows here, as a `SetupError`. */
export type StepUpCheckOf = (rule: unknown) => StepUpCheck;

export function createStepUpCheck(services: Needed): StepUpCheckOf {
  return (given) => {
    const rule = parseRule(given, services.methods.names);
    if (isApproverRule(rule)) {
      partOf(services.store, 'approvals', 'A rule with an `approver`');
      if (services.settings.session !== null) {
        throw new SetupError(
          "A rule with an `approver` needs stepgate's own sessions.",
          'Leave `session` out, or let the user confirm the request: leave `approver` out.',
        );
      }
      return (req) => requireApproval(services, req, rule);
    }
    if (rule.type === 'action') partOf(services.store, 'grants', 'A rule for one request');
    return async (req) => {
      const caller = await services.requireCallerAnew(req);
      refuseImpersonator(caller);
      await (rule.type === 'action'
        ? requireConfirmation(services, req, caller, rule)
        : requireProofs(services, caller, rule));
    };
  };
}

function isApproverRule(rule: ParsedRule | ParsedActionRule): rule is ApproverRule {
  return rule.type === 'action' && rule.approver !== null;
}

/** Throws the `Refusal` of a session whose proofs don't meet the rule. */
export async function requireProofs(
  { methods, clock, emit }: Pick<Services, 'methods' | 'clock' | 'emit'>,
  { row, byCurrentToken }: Pick<LiveSession, 'row' | 'byCurrentToken'>,
  rule: ParsedRule,
): Promise<void> {
  const now = clock.now();
  const names = methodsOf(rule);
  const enrolled = await methods.enrolled(names, row.userId);
  const counting = methods.stillCounts(names, enrolled);
  const proofs = Object.entries(byCurrentToken ? proofTimes(row) : {}).filter(([name]) => counting.includes(name));
  const answer = evaluateRule(rule, Object.fromEntries(proofs), now);
  if (answer.outcome === 'met') return;
  // If fresh proofs of all that the user has wouldn't meet the rule, asking for them would be a loop without an end.
  const best = evaluateRule(rule, Object.fromEntries(enrolled.map((name) => [name, now])), now);
  if (best.outcome === 'unmet') throw stepUpUnavailable(rule, enrolled);
  emit({ type: 'step-up.asked', userId: row.userId, sessionId: row.id, methods: names });
  const missing = waysLeft(rule, { proofs: Object.fromEntries(proofs), enrolled, now });
  throw stepUpRequired(methods, { rule, reason: answer.reason, enrolled, missing });
}

export function createRequireFreshStepUp<Name extends string>(
  stepUpCheckOf: StepUpCheckOf,
  defaultOnRefusal: OnRefusal,
): RequireFreshStepUp<Name> {
  function requireFreshStepUp(rule: unknown, options?: RequireFreshStepUpOptions | ServerResponse): Middleware {
    if (options !== undefined && 'writeHead' in options) {
      throw new SetupError(
        '`requireFreshStepUp` is not a guard itself.',
        "Call it: `requireFreshStepUp({ method: 'passkey', maxAge: '5m' })`.",
      );
    }
    return toGuard(stepUpCheckOf(rule), options?.onRefusal ?? defaultOnRefusal, 'requireFreshStepUpGuard');
  }
  return requireFreshStepUp;
}

export function createCheckFreshStepUp({
  stepUpCheckOf,
  states,
}: Pick<Services, 'stepUpCheckOf' | 'states'>): CheckFreshStepUp<string> {
  return <P>(rule: unknown) => {
    const check = stepUpCheckOf(rule);
    return refusing(async (req: IncomingMessage) => {
      await check(req);
      return states.current(req) as MeetsRule<P>; // which the check has just seen to
    });
  };
}

/** The middleware of a check. Its name shows in stack traces. */
export function toGuard(check: StepUpCheck, onRefusal: OnRefusal, name: string): Middleware {
  const guard: Middleware = (req, res, next) => {
    const answer = check(req).then(
      () => next(),
      (error: unknown) => {
        const refusal = refusalFrom(error);
        return refusal === null ? next(error) : onRefusal(refusal, req, res, next);
      },
    );
    answer.catch(next); // what a handler throws in its own turn, or `onRefusal` rejects with, goes where Express expects it
  };
  return Object.defineProperty(guard, 'name', { value: name });
}
