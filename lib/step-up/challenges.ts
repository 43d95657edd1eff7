import { randomBytes } from 'node:crypto';
import { encode, hash, isId, newId, TOKEN_BYTES } from '../internal/tokens.js';
import type { Services } from '../services.js';
import type { ChallengePurpose, ChallengeRow } from '../stores/contract/challenges.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import { grantDigest } from './action.js';
import { partOf } from './methods.js';

/** WebAuthn 13.4.3 and 13.5.3: random, at least 16 bytes, for minutes, once. */
const LIFETIME = 5 * 60_000;
const MAX_PER_SESSION = 16;

export interface ChallengeFor {
  readonly purpose: ChallengePurpose;
  /** The methods that may answer it. */
  readonly methods: readonly string[];
  /** For an action: the challenge that an authenticator signs commits to it, and to the session's generation. */
  readonly actionDigest?: string;
}

export interface Challenges {
  issue(row: SessionRow, options: ChallengeFor): Promise<ChallengeRow>;
  /**
   * Takes a challenge for good, whatever comes of it. Null when there is none live for this session and user, for one
   * of these purposes, that this method may answer; for an action also when the session's generation is another by now.
   */
  take(
    row: SessionRow,
    id: string,
    wanted: { readonly purposes: readonly ChallengePurpose[]; readonly method: string },
  ): Promise<ChallengeRow | null>;
  /** Drops a session's challenges, and what was granted for those that were answered. */
  dropForSession(sessionId: string): Promise<void>;
}

export function createChallenges({ store, clock }: Pick<Services, 'store' | 'clock'>): Challenges {
  return {
    async issue(row, { purpose, methods, actionDigest = null }) {
      const now = clock.now();
      const random = randomBytes(TOKEN_BYTES);
      const granted =
        actionDigest === null ? null : Buffer.from(grantDigest(actionDigest, row.generation), 'base64url');
      const value = granted === null ? random : hash(Buffer.concat([random, granted]));
      const challenge: ChallengeRow = {
        id: newId(),
        sessionId: row.id,
        userId: row.userId,
        purpose,
        methods,
        value: encode(value),
        actionDigest,
        generation: row.generation,
        createdAt: now,
        expiresAt: now + LIFETIME,
      };
      await partOf(store, 'challenges').insert(challenge, MAX_PER_SESSION);
      return challenge;
    },
    async take(row, id, { purposes, method }) {
      // What is no id of ours may be text that a store can't even look for.
      const challenge = isId(id) ? await partOf(store, 'challenges').take(row.id, id, clock.now()) : null;
      if (challenge === null || challenge.userId !== row.userId) return null;
      if (challenge.actionDigest !== null && challenge.generation !== row.generation) return null;
      return purposes.includes(challenge.purpose) && challenge.methods.includes(method) ? challenge : null;
    },
    async dropForSession(sessionId) {
      await store.grants?.dropForSession(sessionId);
      await store.challenges?.dropForSession(sessionId);
    },
  };
}
