import type { IncomingMessage } from 'node:http';
import type { Emit } from '../events.js';
import type { CheckEnrolment } from '../step-up/enrolment.js';
import type { Methods } from '../step-up/methods.js';
import { methodsOf, smallestMaxAge } from '../step-up/rule.js';
import type { CallerOf } from './caller.js';
import { type LiveSession, proofTimes } from './request-auth.js';
import { stepUpRequired } from './step-up-refusal.js';
import { stepUpChallenges } from './www-authenticate.js';

export interface Enrolment {
  readonly caller: LiveSession;
  /** The user has no method yet; what is added must be inserted on that condition. */
  readonly first: boolean;
}

/** The caller, who has shown enough to change their methods; rejects with a `Refusal` for all others. */
export type EnrolmentOf = (req: IncomingMessage) => Promise<Enrolment>;

export interface EnrolmentOfDeps {
  readonly managerOf: CallerOf;
  readonly checkEnrolment: CheckEnrolment;
  readonly methods: Methods;
  readonly emit: Emit;
}

export function createEnrolmentOf({ managerOf, checkEnrolment, methods, emit }: EnrolmentOfDeps): EnrolmentOf {
  return async (req) => {
    const caller = await managerOf(req);
    const { row } = caller;
    const answer = await checkEnrolment(row, proofTimes(row));
    if (answer.outcome === 'allowed') return { caller, first: answer.first };
    const { rule, reason } = answer;
    const names = methodsOf(rule);
    const acrs = names.flatMap((name) => methods.get(name)?.acr ?? []);
    emit({ type: 'step-up.asked', userId: row.userId, sessionId: row.id, methods: names });
    throw stepUpRequired({
      rule,
      reason,
      names,
      enrolled: await methods.enrolled(names, row.userId),
      wwwAuthenticate: stepUpChallenges(acrs, smallestMaxAge(rule))[reason],
      ...(names.length === 0 ? { detail: 'Sign in again, and then set up a method within five minutes.' } : {}),
    });
  };
}
