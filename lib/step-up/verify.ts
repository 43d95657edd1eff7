import { randomBytes } from 'node:crypto';
import type { Emit, FailedReason } from '../events.js';
import { keyedHash } from '../internal/blake3.js';
import type { Clock } from '../internal/clock.js';
import type { Secrets } from '../internal/keys.js';
import { hashToken } from '../internal/token-hash.js';
import type { Method } from '../methods/method.js';
import type { Sessions } from '../session/sessions.js';
import { encode } from '../session/tokens.js';
import type { ChallengePurpose, ChallengeRow } from '../stores/contract/challenges.js';
import type { GrantStore } from '../stores/contract/grants.js';
import type { SessionRow, SessionStore } from '../stores/contract/sessions.js';
import type { Attempts } from './attempts.js';
import type { Challenges } from './challenges.js';
import type { Methods } from './methods.js';

/** Somebody's answer to a challenge, on a session that the request has shown. */
export interface StepUpAnswer {
  readonly row: SessionRow;
  /** The session token that was presented. */
  readonly token: Uint8Array;
  readonly method: Method;
  /** Null for a method without a ceremony. */
  readonly challengeId: string | null;
  readonly response: unknown;
}

export type VerifyOutcome<Verified> =
  | ({ readonly outcome: 'verified' } & Verified)
  | { readonly outcome: 'failed' }
  | { readonly outcome: 'locked'; readonly until: number }
  | { readonly outcome: 'disabled' }
  /** The session token has been replaced by something else, another method's step-up too, or the session is gone. */
  | { readonly outcome: 'session-lost' };

export interface RecordedStepUp {
  readonly row: SessionRow;
  /** The token that replaces the presented one. */
  readonly token: Uint8Array;
  readonly verifiedAt: number;
}

export interface Verify {
  /** Checks the answer and makes a proof of it, or for an action's challenge a grant and no proof. */
  stepUp(answer: StepUpAnswer): Promise<VerifyOutcome<RecordedStepUp>>;
  /** Checks the answer and makes nothing of it. */
  only(answer: StepUpAnswer): Promise<VerifyOutcome<object>>;
}

export interface VerifyOptions {
  readonly sessionStore: SessionStore;
  readonly grants: GrantStore | undefined;
  readonly sessions: Sessions;
  readonly methods: Methods;
  readonly challenges: Challenges;
  readonly attempts: Attempts;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly emit: Emit;
}

const NONCE_BYTES = 16;
const GRANT_LIFETIME = 5 * 60_000;

/**
 * The one place where an answer is checked. The order is the security: whatever is used up is used up before the
 * answer is looked at, and nothing is written for an answer that fails.
 */
export function createVerify(options: VerifyOptions): Verify {
  const { sessionStore, grants, sessions, methods, challenges, attempts, secrets, clock, emit } = options;

  async function check(
    { row, method, challengeId, response }: StepUpAnswer,
    purposes: readonly ChallengePurpose[],
  ): Promise<VerifyOutcome<{ readonly challenge: ChallengeRow | null }>> {
    const about = { userId: row.userId, sessionId: row.id, method: method.name };
    const failed = (why: { reason: FailedReason; error?: unknown }): { readonly outcome: 'failed' } => {
      emit({ type: 'step-up.failed', ...about, ...why });
      return { outcome: 'failed' };
    };

    const open = await attempts.check(row, method);
    if (open.outcome !== 'open') {
      emit({ type: 'step-up.locked', ...about });
      return open;
    }
    // Take the challenge before looking at the answer: a failed attempt must burn it (WebAuthn 13.5.3).
    const challenge =
      challengeId === null ? null : await challenges.take(row, challengeId, { purposes, method: method.name });
    if (challenge === null && (challengeId !== null || method.begin !== undefined))
      return failed({ reason: 'no-challenge' });
    const counted = await attempts.count(row, method);
    if (counted.outcome !== 'counted') {
      emit({ type: 'step-up.locked', ...about });
      return counted;
    }
    const answer = await methods.verify(method, { userId: row.userId, response, challenge });
    if (answer.outcome === 'failed') {
      const { outcome: _, ...why } = answer;
      if (counted.disables) emit({ type: 'method.disabled', userId: row.userId, method: method.name });
      if (counted.endsSession) await sessions.revoke(row.id, row.userId, 'attempts');
      return failed(why);
    }
    await attempts.succeeded(row, method, methods.notStrongerThan(method.name));
    return { outcome: 'verified', challenge };
  }

  async function record(
    { row, token, method }: StepUpAnswer,
    challenge: ChallengeRow | null,
  ): Promise<VerifyOutcome<RecordedStepUp>> {
    const verifiedAt = clock.now();
    const nonce = encode(randomBytes(NONCE_BYTES));
    const recorded = await sessionStore.recordStepUp({
      id: row.id,
      presented: hashToken(token),
      nonce,
      tokenHash: hashToken(successorOf(token, nonce, secrets[0].key('step-up'))),
      method: method.name,
      verifiedAt: challenge?.purpose === 'action' ? null : verifiedAt,
      now: verifiedAt,
    });
    // A parallel step-up may have come first: then its token is everybody's.
    const successor = recorded.outcome === 'recorded' ? recoverSuccessor(token, recorded.row) : null;
    if (recorded.outcome === 'lost' || successor === null) return { outcome: 'session-lost' };
    return { outcome: 'verified', row: recorded.row, token: successor, verifiedAt };
  }

  function recoverSuccessor(token: Uint8Array, { tokenNonce, tokenHash }: SessionRow): Uint8Array | null {
    const candidates = secrets.map((secret) => successorOf(token, tokenNonce ?? '', secret.key('step-up')));
    return candidates.find((candidate) => hashToken(candidate) === tokenHash) ?? null;
  }

  return {
    async stepUp(answer) {
      const checked = await check(answer, ['step-up', 'action']);
      if (checked.outcome !== 'verified') return checked;
      const recorded = await record(answer, checked.challenge);
      if (recorded.outcome !== 'verified') return recorded;
      const { row, method } = answer;
      const { challenge } = checked;
      if (challenge !== null && challenge.actionDigest !== null && grants !== undefined) {
        await grants.insert({
          sessionId: row.id,
          userId: row.userId,
          actionDigest: challenge.actionDigest,
          method: method.name,
          createdAt: recorded.verifiedAt,
          expiresAt: recorded.verifiedAt + GRANT_LIFETIME,
        });
      }
      emit({ type: 'step-up.succeeded', userId: row.userId, sessionId: row.id, method: method.name });
      return recorded;
    },
    async only(answer) {
      const checked = await check(answer, ['verify-only']);
      return checked.outcome === 'verified' ? { outcome: 'verified' } : checked;
    },
  };
}

/** The same for everybody who presents the same token with the same nonce, as in a refresh. */
function successorOf(token: Uint8Array, nonce: string, key: Uint8Array): Uint8Array {
  return keyedHash(key, Buffer.concat([Buffer.from(nonce, 'base64url'), token]));
}
