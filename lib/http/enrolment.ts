import type { IncomingMessage } from 'node:http';
import type { Services } from '../services.js';
import { methodsOf, smallestMaxAge } from '../step-up/rule.js';
import { proofTimes } from './authenticate.js';
import { currentOnly } from './caller.js';
import type { LiveSession } from './request-auth.js';
import { stepUpRequired } from './step-up-refusal.js';
import { stepUpChallenges } from './www-authenticate.js';

export interface Enrolment {
  readonly caller: LiveSession;
  /** The user has no method yet; what is added must be inserted on that condition. */
  readonly onlyIfNone: boolean;
}

/** The caller, who has shown enough to change their methods; rejects with a `Refusal` for all others. */
export type RequireEnrolment = (req: IncomingMessage) => Promise<Enrolment>;

export function createRequireEnrolment({
  requireCallerAnew,
  wwwAuthenticate,
  checkEnrolment,
  methods,
  emit,
}: Pick<Services, 'requireCallerAnew' | 'wwwAuthenticate' | 'checkEnrolment' | 'methods' | 'emit'>): RequireEnrolment {
  return async (req) => {
    const caller = currentOnly(await requireCallerAnew(req), wwwAuthenticate.invalidToken);
    const { row } = caller;
    const answer = await checkEnrolment(row, proofTimes(row));
    if (answer.outcome === 'allowed') return { caller, onlyIfNone: answer.onlyIfNone };
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
