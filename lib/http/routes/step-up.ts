import type { IncomingMessage, ServerResponse } from 'node:http';
import { SetupError } from '../../internal/setup-error.js';
import type { Method } from '../../methods/method.js';
import type { Services } from '../../services.js';
import { noMethods } from '../../step-up/methods.js';
import type { StepUpAnswer } from '../../step-up/verify.js';
import type { ChallengeRow } from '../../stores/contract/challenges.js';
import type { SessionRow } from '../../stores/contract/sessions.js';
import type { StepUpBegunJson, StepUpStateJson, StepUpVerifiedJson } from '../../wire.js';
import { proofTimes, withNewToken } from '../authenticate.js';
import { refuseImpersonator } from '../caller.js';
import { sentFrom } from '../client.js';
import { type ConfirmationServices, nextChallenge } from '../confirmed-request.js';
import { Refusal } from '../refusal.js';
import type { LiveSession } from '../request-auth.js';
import type { StepUpCheck } from '../require-fresh-step-up.js';
import { endJson, parseFields, type RouteTable, sendJson, sendNothing } from '../router.js';
import { isUnsafe } from '../same-origin.js';
import { failedMembers, notVerified, stepUpFailed } from '../step-up-refusal.js';

export interface BeginStepUp<Name extends string> {
  readonly method: Name;
  /** `'verify-only'`: the answer will prove nothing but itself. @default 'step-up' */
  readonly purpose?: 'step-up' | 'verify-only';
  /** Of an action's challenge, which this method shall answer: it gives way to another. Not beside `purpose`. */
  readonly challengeId?: string | undefined;
}

export type StepUpBegun = StepUpBegunJson;

export interface StepUpResponse<Name extends string> {
  readonly method: Name;
  /** From `beginStepUp` or a refusal; only a method without a ceremony can do without. */
  readonly challengeId?: string | undefined;
  /** The method's own: WebAuthn's JSON, `{ code }`, `{ password }`. */
  readonly response: unknown;
}

export type StepUpVerified = StepUpVerifiedJson;

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

/** The same for whatever a client has sent: each call looks at what it is given. */
export interface UncheckedStepUpCalls {
  beginStepUp(req: IncomingMessage, options: Unchecked<BeginStepUp<string>>): Promise<StepUpBegun>;
  verifyStepUp(
    req: IncomingMessage,
    res: ServerResponse,
    answer: Unchecked<StepUpResponse<string>>,
  ): Promise<StepUpVerified>;
  verifyOnly(req: IncomingMessage, answer: Unchecked<StepUpResponse<string>>): Promise<VerifiedOnly>;
}

type Unchecked<T> = { readonly [Name in keyof T]?: unknown };

export function createStepUpCalls(
  services: ConfirmationServices & Pick<Services, 'requireCaller' | 'verify' | 'deliver' | 'wwwAuthenticate'>,
): UncheckedStepUpCalls {
  const { requireCaller, states, methods, challenges, verify, deliver, isSameOrigin, wwwAuthenticate, clock, emit } =
    services;

  /** By the current token, or by the previous one while nobody has used the current: its answer may have been lost. */
  async function stepUpCaller(req: IncomingMessage): Promise<LiveSession> {
    if (methods.names.length === 0) throw noMethods();
    // An app's own route stands behind no router of ours.
    if (isUnsafe(req) && !isSameOrigin(req)) {
      emit({ type: 'session.refused', reason: 'cross-origin', ...sentFrom(req) });
      throw new Refusal('cross_origin');
    }
    const caller = await requireCaller(req);
    refuseImpersonator(caller);
    if (caller.byCurrentToken || caller.row.tokenConfirmedAt === null) return caller;
    throw lost();
  }

  function lost(): Refusal {
    return new Refusal('session_invalid', { headers: { 'WWW-Authenticate': wwwAuthenticate.invalidToken } });
  }

  function methodOf(name: unknown): Method {
    const method = typeof name === 'string' ? methods.get(name) : undefined;
    if (method !== undefined) return method;
    throw new Refusal('request_invalid', { detail: `\`method\` is one of: ${methods.names.join(', ')}.` });
  }

  function answerOf({ row, token, proofsId }: LiveSession, given: Unchecked<StepUpResponse<string>>): StepUpAnswer {
    const { challengeId: id, response } = given;
    const method = methodOf(given.method);
    const challengeId = typeof id === 'string' ? id : null;
    if (challengeId === null && (id !== undefined || method.begin !== undefined)) {
      throw new Refusal('request_invalid', { detail: '`challengeId` must be a string.' });
    }
    if (typeof response !== 'object' || response === null) {
      throw new Refusal('request_invalid', { detail: '`response` must be an object.' });
    }
    return { row, token, proofsId, method, challengeId, response };
  }

  /** The challenge that comes in place of an action's, for the method that the user has chosen. */
  async function chosen(row: SessionRow, challengeId: unknown, method: Method): Promise<ChallengeRow> {
    if (typeof challengeId !== 'string') {
      throw new Refusal('request_invalid', { detail: '`challengeId` must be a string.' });
    }
    const challenge = await challenges.choose(row, challengeId, method.name);
    if (challenge !== null) return challenge;
    const { userId, id: sessionId } = row;
    emit({ type: 'step-up.failed', userId, sessionId, method: method.name, reason: 'no-challenge' });
    throw stepUpFailed({ reason: 'challenge' });
  }

  return {
    async beginStepUp(req, given) {
      const { purpose = 'step-up' } = given;
      const { row } = await stepUpCaller(req);
      const method = methodOf(given.method);
      if (purpose !== 'step-up' && purpose !== 'verify-only') {
        throw new Refusal('request_invalid', { detail: "`purpose` is 'step-up' or 'verify-only'." });
      }
      if (given.challengeId !== undefined && given.purpose !== undefined) {
        throw new Refusal('request_invalid', { detail: 'A challenge has its purpose: leave `purpose` out.' });
      }
      const [enrolled] = await methods.enrolled([method.name], row.userId);
      if (enrolled === undefined) {
        throw new Refusal('step_up_unavailable', { members: { methods: [{ method: method.name, enrolled: false }] } });
      }
      const challenge =
        given.challengeId === undefined
          ? await challenges.issue(row, { purpose, methods: [method.name] })
          : await chosen(row, given.challengeId, method);
      const begun = await methods.begin(method, row, challenge.value);
      if (begun.outcome === 'failed') throw stepUpFailed({ reason: 'challenge' });
      const { id: challengeId, createdAt, expiresAt } = challenge;
      return { challengeId, method: method.name, options: begun.options, ...endJson(expiresAt, createdAt) };
    },
    async verifyStepUp(req, res, given) {
      const caller = await stepUpCaller(req);
      const answer = answerOf(caller, given);
      const outcome = await verify.stepUp(answer);
      if (outcome.outcome === 'session-lost') throw lost();
      if (outcome.outcome === 'unfinished') {
        // The current token is the previous one by now, and goes on. One that was the previous is none any more.
        if (!caller.byCurrentToken) deliver(res, { ...outcome, refreshToken: null });
        throw outcome.error ?? stepUpFailed({ reason: 'challenge' });
      }
      if (outcome.outcome === 'failed' && outcome.reason === 'response' && outcome.challenge !== null) {
        const next = await nextChallenge(services, caller.row, outcome.challenge);
        throw stepUpFailed({ ...failedMembers(outcome), ...next });
      }
      if (outcome.outcome !== 'verified') throw notVerified(outcome, clock);
      const { row, verifiedAt } = outcome;
      const tokens = deliver(res, { ...outcome, refreshToken: null });
      states.set(req, withNewToken(outcome));
      return { verified: true, userId: row.userId, method: answer.method.name, verifiedAt, ...tokens };
    },
    async verifyOnly(req, given) {
      const caller = await stepUpCaller(req);
      const outcome = await verify.only(answerOf(caller, given));
      if (outcome.outcome !== 'verified') throw notVerified(outcome, clock);
      return { verified: true, userId: caller.row.userId };
    },
  };
}

/** Where a client asks for a challenge and answers it. */
export function stepUpRoutes({
  stepUpCalls: { beginStepUp, verifyStepUp, verifyOnly },
  stepUpCheckOf,
  requireCaller,
  methods,
  challenges,
  keeper,
  emit,
}: Pick<
  Services,
  'stepUpCalls' | 'stepUpCheckOf' | 'requireCaller' | 'methods' | 'challenges' | 'keeper' | 'emit'
>): RouteTable {
  if (methods.names.length === 0) return {};

  /** The check of a rule that a client has written, and so may have written wrong. */
  function checkOf(rule: object): StepUpCheck {
    try {
      return stepUpCheckOf(rule);
    } catch (cause) {
      if (!(cause instanceof SetupError)) throw cause;
      throw new Refusal('request_invalid', { detail: 'The rule is none that a guard takes.', cause });
    }
  }

  const verifyAssertion: RouteTable = {
    '/passkey/verify-assertion': {
      async post(req, res) {
        const { challengeId, response } = parseFields(req, ['challengeId', 'response']);
        sendJson(res, 200, await verifyOnly(req, { method: 'passkey', challengeId, response }));
      },
    },
  };
  return {
    '/step-up': {
      async get(req, res) {
        const { row, byCurrentToken } = await requireCaller(req);
        const enrolled = await methods.enrolled(methods.names, row.userId);
        const proofs = new Map(byCurrentToken ? Object.entries(proofTimes(row)) : []);
        sendJson(res, 200, {
          methods: methods.names.map((method) => ({
            method,
            enrolled: enrolled.includes(method),
            verifiedAt: proofs.get(method) ?? null,
          })),
        } satisfies StepUpStateJson);
      },
      async delete(req, res) {
        const { row } = await requireCaller(req);
        parseFields(req, []);
        await keeper.dropProofs({ row });
        await challenges.dropForSession(row.id);
        emit({ type: 'step-up.dropped', userId: row.userId, sessionId: row.id });
        sendNothing(res);
      },
    },
    '/step-up/check': {
      // What a page asks for ahead, so that nobody loses a long form to it.
      async post(req, res) {
        await checkOf(parseFields(req, ['method', 'maxAge', 'anyOf', 'allOf']))(req);
        sendNothing(res);
      },
    },
    '/step-up/challenges/:id': {
      async delete(req, res) {
        const caller = await requireCaller(req);
        parseFields(req, []);
        await challenges.giveUp(caller, String(req.params['id']));
        sendNothing(res);
      },
    },
    '/step-up/options': {
      async post(req, res) {
        sendJson(res, 200, await beginStepUp(req, parseFields(req, ['method', 'purpose', 'challengeId'])));
      },
    },
    '/step-up/verify': {
      async post(req, res) {
        const answer = parseFields(req, ['method', 'challengeId', 'response']);
        sendJson(res, 200, await verifyStepUp(req, res, answer));
      },
    },
    ...(methods.get('passkey') === undefined ? {} : verifyAssertion),
  };
}
