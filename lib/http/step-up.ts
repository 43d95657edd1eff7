import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Emit } from '../events.js';
import type { Clock } from '../internal/clock.js';
import type { Method } from '../methods/method.js';
import type { Challenges } from '../step-up/challenges.js';
import type { Methods } from '../step-up/methods.js';
import type { StepUpAnswer, Verify, VerifyOutcome } from '../step-up/verify.js';
import type { CallerOf } from './caller.js';
import { clientAddress } from './client.js';
import type { Deliver, SignedInBody } from './deliver.js';
import { Refusal } from './refusal.js';
import { type LiveSession, type RequestStates, sessionAuth } from './request-auth.js';
import { isUnsafe, type OriginCheck } from './same-origin.js';
import { methodLocked } from './step-up-refusal.js';

export interface BeginStepUp<Name extends string> {
  readonly method: Name;
  /** `'verify-only'`: the answer will prove nothing but itself. @default 'step-up' */
  readonly purpose?: 'step-up' | 'verify-only';
}

export interface StepUpBegun {
  readonly challengeId: string;
  readonly method: string;
  /** For the client's ceremony; null for a method without one. */
  readonly options: object | null;
  readonly expiresAt: number;
}

export interface StepUpResponse<Name extends string> {
  readonly method: Name;
  /** From `beginStepUp` or a refusal; only a method without a ceremony can do without. */
  readonly challengeId?: string | undefined;
  /** The method's own: WebAuthn's JSON, `{ code }`, `{ password }`. */
  readonly response: unknown;
}

export type StepUpVerified = {
  readonly verified: true;
  readonly userId: string;
  readonly method: string;
  readonly verifiedAt: number;
} & Partial<SignedInBody>;

export interface VerifiedOnly {
  readonly verified: true;
  readonly userId: string;
}

/** The step-up calls, for apps with routes of their own. Each rejects with the `Refusal` that our routes answer with. */
export interface StepUpCalls<Name extends string> {
  readonly beginStepUp: (req: IncomingMessage, options: BeginStepUp<Name>) => Promise<StepUpBegun>;
  /** Sets the headers that carry the session's new token, and ends nothing. */
  readonly verifyStepUp: (
    req: IncomingMessage,
    res: ServerResponse,
    answer: StepUpResponse<Name>,
  ) => Promise<StepUpVerified>;
  readonly verifyOnly: (req: IncomingMessage, answer: StepUpResponse<Name>) => Promise<VerifiedOnly>;
}

export interface StepUpCallsDeps {
  readonly callerOf: CallerOf;
  readonly states: RequestStates;
  readonly methods: Methods;
  readonly challenges: Challenges;
  readonly verify: Verify;
  readonly deliver: Deliver;
  readonly isSameOrigin: OriginCheck;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly invalidToken: string;
}

export function createStepUpCalls(deps: StepUpCallsDeps): StepUpCalls<string> {
  const { callerOf, states, methods, challenges, verify, deliver, isSameOrigin, clock, emit, invalidToken } = deps;

  function lost(): Refusal {
    return new Refusal('session_invalid', { headers: { 'WWW-Authenticate': invalidToken } });
  }

  /** By the current token, or by the previous one while nobody has used the current: its answer may have been lost. */
  async function stepUpCaller(req: IncomingMessage): Promise<LiveSession> {
    if (isUnsafe(req) && !isSameOrigin(req)) {
      const ip = clientAddress(req);
      emit({ type: 'session.refused', reason: 'cross-origin', ...(ip === null ? {} : { ip }) });
      throw new Refusal('cross_origin');
    }
    const caller = await callerOf(req);
    if (caller.current || caller.row.tokenConfirmedAt === null) return caller;
    throw lost();
  }

  function methodOf(name: unknown): Method {
    const method = typeof name === 'string' ? methods.get(name) : undefined;
    if (method !== undefined) return method;
    throw new Refusal('request_invalid', { detail: `\`method\` is one of: ${methods.names.join(', ')}.` });
  }

  function answerOf(
    { row, token }: LiveSession,
    { method: name, challengeId, response }: StepUpResponse<string>,
  ): StepUpAnswer {
    const method = methodOf(name);
    if (challengeId === undefined ? method.begin !== undefined : typeof challengeId !== 'string') {
      throw new Refusal('request_invalid', { detail: '`challengeId` is missing.' });
    }
    if (typeof response !== 'object' || response === null) {
      throw new Refusal('request_invalid', { detail: '`response` is not an object.' });
    }
    return { row, token, method, challengeId: challengeId ?? null, response };
  }

  function verified<V>(outcome: VerifyOutcome<V>): { outcome: 'verified' } & V {
    switch (outcome.outcome) {
      case 'verified':
        return outcome;
      case 'failed':
        throw new Refusal('step_up_failed');
      case 'disabled':
        throw new Refusal('method_disabled');
      case 'session-lost':
        throw lost();
      case 'locked':
        throw methodLocked(outcome.until - clock.now());
    }
  }

  return {
    async beginStepUp(req, { method: name, purpose = 'step-up' }) {
      const { row } = await stepUpCaller(req);
      const method = methodOf(name);
      const [enrolled] = await methods.enrolled([method.name], row.userId);
      if (enrolled === undefined) {
        throw new Refusal('step_up_unavailable', { members: { methods: [{ method: method.name, enrolled: false }] } });
      }
      const challenge = await challenges.issue(row, { purpose, methods: [method.name] });
      const begun = await methods.begin(method, row, challenge.value);
      if (begun.outcome === 'failed') throw new Refusal('step_up_failed');
      return { challengeId: challenge.id, method: method.name, options: begun.options, expiresAt: challenge.expiresAt };
    },
    async verifyStepUp(req, res, response) {
      const caller = await stepUpCaller(req);
      const { row, token, verifiedAt } = verified(await verify.stepUp(answerOf(caller, response)));
      const tokens = deliver(res, { row, token, refreshToken: null });
      states.set(req, { outcome: 'session', auth: sessionAuth(row, true), row, token, current: true });
      return { verified: true, userId: row.userId, method: response.method, verifiedAt, ...tokens };
    },
    async verifyOnly(req, response) {
      const caller = await stepUpCaller(req);
      verified(await verify.only(answerOf(caller, response)));
      return { verified: true, userId: caller.row.userId };
    },
  };
}
