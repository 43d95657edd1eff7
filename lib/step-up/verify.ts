import type { FailedReason } from '../events.js';
import type { Method, MethodOutcome } from '../methods/method.js';
import type { Services } from '../services.js';
import type { PresentedSession, RecordedStep } from '../session/keeper.js';
import type { ChallengePurpose, ChallengeRow } from '../stores/contract/challenges.js';
import { grantDigest } from './action.js';
import type { Attempter } from './attempts.js';
import type { Failed } from './methods.js';

/** Somebody's answer to a challenge, on a session that the request has shown. */
export interface StepUpAnswer extends PresentedSession {
  readonly method: Method;
  /** Null for a method without a ceremony. */
  readonly challengeId: string | null;
  readonly response: unknown;
}

export type VerifyOutcome<Verified> =
  | ({ readonly outcome: 'verified' } & Verified)
  | UnansweredChallenge
  | WrongAnswer
  | { readonly outcome: 'locked'; readonly until: number }
  | { readonly outcome: 'disabled' };

/** The session token has been replaced by something else, another method's step-up too, or the session is gone. */
export interface SessionLost {
  readonly outcome: 'session-lost';
}

/** The challenge was used up, too old, or never there; or the user has lost the method since. */
export interface UnansweredChallenge {
  readonly outcome: 'failed';
  readonly reason: 'challenge';
}

export interface WrongAnswer {
  readonly outcome: 'failed';
  readonly reason: 'response';
  /** How many more there may be until the method is locked, or the session ends. */
  readonly attemptsLeft: number;
  /** The credential is in no store: whoever offers it may forget it. */
  readonly isNobodys: boolean;
  /** What was answered: used up by now. */
  readonly challenge: ChallengeRow | null;
}

/** The session token was replaced, and nothing else came of it: its client may have no other that is good. */
export interface UnfinishedStepUp extends RecordedStep {
  readonly outcome: 'unfinished';
  /** What the store failed with; null where the credential was removed meanwhile. */
  readonly error: unknown;
}

export interface Verify {
  /** Checks the answer and makes a proof of it, or for an action's challenge a grant and no proof. */
  stepUp(answer: StepUpAnswer): Promise<VerifyOutcome<RecordedStep> | UnfinishedStepUp | SessionLost>;
  /** Checks the answer and makes nothing of it. */
  only(answer: StepUpAnswer): Promise<VerifyOutcome<object>>;
  /** Checks the answer to the challenge that is for exactly this approval, and makes nothing of it. `digest`: of what is approved. */
  approval(answer: StepUpAnswer, digest: string): Promise<VerifyOutcome<{ readonly credential: string | null }>>;
  /** Counts an attempt to enrol as an answer is counted, and looks at it. */
  attempt(row: Attempter, method: Method, look: () => Promise<MethodOutcome>): Promise<VerifyOutcome<object>>;
}

const GRANT_LIFETIME = 5 * 60_000;

/**
 * The one place where an answer is checked. The order is the security: whatever is used up is used up before the
 * answer is looked at. A failed answer leaves only the burnt challenge and the counted attempt.
 */
export function createVerify({
  store,
  keeper,
  methods,
  challenges,
  attempts,
  clock,
  emit,
}: Pick<Services, 'store' | 'keeper' | 'methods' | 'challenges' | 'attempts' | 'clock' | 'emit'>): Verify {
  async function check(
    { row, method, challengeId, response }: StepUpAnswer,
    purposes: readonly ChallengePurpose[],
    digest: string | null = null,
  ): Promise<VerifyOutcome<Checked>> {
    const open = await attempts.check(row, method);
    if (open.outcome !== 'open') {
      emit({ type: 'step-up.locked', ...aboutOf(row, method) });
      return open;
    }
    // Take the challenge before looking at the answer: a failed attempt must burn it (WebAuthn 13.5.3).
    const challenge =
      challengeId === null ? null : await challenges.take(row, challengeId, { purposes, method: method.name });
    if (challenge === null && (challengeId !== null || method.begin !== undefined))
      return unanswerable(row, method, 'no-challenge');
    if (digest !== null && challenge?.actionDigest !== digest) return unanswerable(row, method, 'no-challenge');
    const [enrolled] = await methods.enrolled([method.name], row.userId);
    if (enrolled === undefined) return unanswerable(row, method, 'unknown-credential');
    const looked = await attempt(row, method, methods.notStrongerThan(method.name), () =>
      methods.verify(method, { userId: row.userId, response, challenge }),
    );
    return looked.outcome === 'verified' || (looked.outcome === 'failed' && looked.reason === 'response')
      ? { ...looked, challenge }
      : looked;
  }

  /** Counts the attempt as a failure, looks at the answer, and takes it back or goes on to what a failure brings. */
  async function attempt(
    row: Attempter,
    method: Method,
    enables: readonly string[],
    look: () => Promise<MethodOutcome | Failed>,
  ): Promise<VerifyOutcome<{ readonly credential: string | null }>> {
    const counted = await attempts.count(row, method);
    if (counted.outcome !== 'counted') {
      emit({ type: 'step-up.locked', ...aboutOf(row, method) });
      return counted;
    }
    const answer = await look();
    if (answer.outcome === 'failed') {
      const { outcome: _, isNobodys = false, ...why } = answer;
      if (counted.disables) emit({ type: 'method.disabled', userId: row.userId, method: method.name });
      if (counted.endsSession) await keeper.endAfterFailures(row);
      tellFailed(row, method, why);
      const { left: attemptsLeft } = counted;
      return { outcome: 'failed', reason: 'response', attemptsLeft, isNobodys, challenge: null };
    }
    await attempts.succeeded(row, method, enables);
    return { outcome: 'verified', credential: answer.credential ?? null };
  }

  function tellFailed(row: Attempter, method: Method, why: { reason: FailedReason; error?: unknown }): void {
    emit({ type: 'step-up.failed', ...aboutOf(row, method), ...why });
  }

  /** Nothing was looked at, so nothing was counted. */
  function unanswerable(row: Attempter, method: Method, reason: FailedReason): UnansweredChallenge {
    tellFailed(row, method, { reason });
    return { outcome: 'failed', reason: 'challenge' };
  }

  /** Under the generation that the session has by now; none where another step came between. */
  async function grant(
    { row, method }: StepUpAnswer,
    challenge: ChallengeRow | null,
    recorded: RecordedStep,
  ): Promise<void> {
    if (challenge === null || challenge.actionDigest === null || store.grants === undefined) return;
    if (recorded.answers !== challenge.generation) return;
    await store.grants.insert({
      sessionId: recorded.proofsId,
      userId: row.userId,
      actionDigest: grantDigest(challenge.actionDigest, recorded.row.generation),
      challengeId: challenge.id,
      method: method.name,
      createdAt: recorded.verifiedAt,
      expiresAt: recorded.verifiedAt + GRANT_LIFETIME,
    });
    let isKept = false;
    try {
      isKept = await challenges.keep(challenge);
    } finally {
      // Given up meanwhile, or the store failed: who hears of no approval has none.
      if (!isKept) await store.grants.dropForChallenge(recorded.proofsId, challenge.id);
    }
  }

  /** Whether the credential was removed while its answer was checked: then what was made of it goes again. */
  async function isGone(
    { row, method }: StepUpAnswer,
    credential: string | null,
    { proofsId }: RecordedStep,
  ): Promise<boolean> {
    if (credential === null || (await methods.holds(method, row.userId, credential))) return false;
    await store.sessions.change(proofsId, { type: 'drop-method', method: method.name }, clock.now());
    await store.grants?.dropForUser(row.userId, method.name);
    return true;
  }

  return {
    async stepUp(answer) {
      const checked = await check(answer, ['step-up', 'action']);
      if (checked.outcome !== 'verified') return checked;
      const { row, method } = answer;
      const makesProof = checked.challenge?.purpose !== 'action';
      const recorded = await keeper.record(answer, { method: method.name, makesProof });
      if (recorded === null) return { outcome: 'session-lost' };
      try {
        await grant(answer, checked.challenge, recorded);
      } catch (error) {
        return { outcome: 'unfinished', ...recorded, error };
      }
      if (await isGone(answer, checked.credential, recorded)) {
        tellFailed(row, method, { reason: 'unknown-credential' });
        return { outcome: 'unfinished', ...recorded, error: null };
      }
      emit({ type: 'step-up.succeeded', ...aboutOf(row, method) });
      return { outcome: 'verified', ...recorded };
    },
    async only(answer) {
      const checked = await check(answer, ['verify-only']);
      return checked.outcome === 'verified' ? { outcome: 'verified' } : checked;
    },
    async approval(answer, digest) {
      const checked = await check(answer, ['approval'], digest);
      if (checked.outcome !== 'verified') return checked;
      emit({ type: 'step-up.succeeded', ...aboutOf(answer.row, answer.method) });
      return { outcome: 'verified', credential: checked.credential };
    },
    attempt: (row, method, look) => attempt(row, method, [method.name], look),
  };
}

interface Checked {
  readonly challenge: ChallengeRow | null;
  /** Which credential it was, where the method says so. */
  readonly credential: string | null;
}

function aboutOf(row: Attempter, method: Method): { userId: string; sessionId: string; method: string } {
  return { userId: row.userId, sessionId: row.id, method: method.name };
}
