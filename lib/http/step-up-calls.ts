import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../internal/clock.js';
import type { Method } from '../methods/method.js';
import type { Services } from '../services.js';
import { noMethods } from '../step-up/parts.js';
import type { StepUpAnswer, VerifyOutcome } from '../step-up/verify.js';
import { withNewToken } from './authenticate.js';
import { sentFrom } from './client.js';
import type { SignedInBody } from './deliver.js';
import { Refusal } from './refusal.js';
import type { LiveSession } from './request-auth.js';
import { isUnsafe } from './same-origin.js';
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

export function createStepUpCalls({
  requireCaller,
  states,
  methods,
  challenges,
  verify,
  deliver,
  isSameOrigin,
  wwwAuthenticate,
  clock,
  emit,
}: Pick<
  Services,
  | 'requireCaller'
  | 'states'
  | 'methods'
  | 'challenges'
  | 'verify'
  | 'deliver'
  | 'isSameOrigin'
  | 'wwwAuthenticate'
  | 'clock'
  | 'emit'
>): StepUpCalls<string> {
  function lost(): Refusal {
    return new Refusal('session_invalid', { headers: { 'WWW-Authenticate': wwwAuthenticate.invalidToken } });
  }

  function verified<V>(outcome: VerifyOutcome<V>): { outcome: 'verified' } & V {
    if (outcome.outcome === 'session-lost') throw lost();
    return passed(outcome, clock);
  }

  /** By the current token, or by the previous one while nobody has used the current: its answer may have been lost. */
  async function stepUpCaller(req: IncomingMessage): Promise<LiveSession> {
    if (methods.names.length === 0) throw noMethods();
    if (isUnsafe(req) && !isSameOrigin(req)) {
      emit({ type: 'session.refused', reason: 'cross-origin', ...sentFrom(req) });
      throw new Refusal('cross_origin');
    }
    const caller = await requireCaller(req);
    if (caller.byCurrentToken || caller.row.tokenConfirmedAt === null) return caller;
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
      throw new Refusal('request_invalid', { detail: '`response` must be an object.' });
    }
    return { row, token, method, challengeId: challengeId ?? null, response };
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
      const outcome = await verify.stepUp(answerOf(caller, response));
      if (outcome.outcome === 'unfinished') {
        // The current token is the previous one by now, and goes on. One that was the previous is none any more.
        if (!caller.byCurrentToken) deliver(res, { ...outcome, refreshToken: null });
        throw outcome.error ?? new Refusal('step_up_failed');
      }
      const { row, token, verifiedAt } = verified(outcome);
      const tokens = deliver(res, { row, token, refreshToken: null });
      states.set(req, withNewToken(row, token));
      return { verified: true, userId: row.userId, method: response.method, verifiedAt, ...tokens };
    },
    async verifyOnly(req, response) {
      const caller = await stepUpCaller(req);
      verified(await verify.only(answerOf(caller, response)));
      return { verified: true, userId: caller.row.userId };
    },
  };
}

/** What came of a verification that was passed; throws the `Refusal` for any other. */
export function passed<V>(outcome: VerifyOutcome<V>, clock: Clock): { outcome: 'verified' } & V {
  switch (outcome.outcome) {
    case 'verified':
      return outcome;
    case 'failed':
    case 'session-lost':
      throw new Refusal('step_up_failed');
    case 'disabled':
      throw new Refusal('method_disabled');
    case 'locked':
      throw methodLocked(outcome.until - clock.now());
  }
}
