import { randomBytes } from 'node:crypto';
import { encode, hash, hashToken, isId, newId, TOKEN_BYTES } from '../internal/tokens.js';
import type { Services } from '../services.js';
import type { PresentedSession } from '../session/keeper.js';
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
  /** For an action: the challenge that an authenticator signs commits to its digest, and to the session's generation. */
  readonly action?: { readonly digest: string; readonly mark: string };
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
  /**
   * Takes an action's challenge and gives another in its place, which this method alone may answer, until the same end.
   * Null as `take`.
   */
  choose(row: SessionRow, id: string, method: string): Promise<ChallengeRow | null>;
  /** Gives a challenge up, with the grant that was made of it, or is being made just now. */
  giveUp(session: PresentedSession, id: string): Promise<void>;
  /** Says whether the challenge that a grant was made of stands. False: it was given up, and the grant has to go. */
  keep(challenge: ChallengeRow): Promise<boolean>;
  /** Drops a session's challenges, and what was granted for those that were answered. */
  dropForSession(sessionId: string): Promise<void>;
}

export function createChallenges({ store, clock }: Pick<Services, 'store' | 'clock'>): Challenges {
  /**
   * Who has a challenge in the end: the one who gave it up, or the grant. It is asked after the grant was written, and
   * before one is deleted, so that in either order none is left of what was given up.
   */
  function claim(sessionId: string, id: string): Promise<boolean> {
    const now = clock.now();
    const name = hashToken(Buffer.from(`step-up challenge ${sessionId} ${id}`));
    return partOf(store, 'challenges').spend(name, now + LIFETIME, now);
  }

  async function issue(
    row: SessionRow,
    { purpose, methods, action }: ChallengeFor,
    { createdAt, expiresAt }: Pick<ChallengeRow, 'createdAt' | 'expiresAt'>,
  ): Promise<ChallengeRow> {
    const random = randomBytes(TOKEN_BYTES);
    const granted = action && Buffer.from(grantDigest(action.digest, row.generation), 'base64url');
    const value = granted === undefined ? random : hash(Buffer.concat([random, granted]));
    const challenge: ChallengeRow = {
      id: newId(),
      sessionId: row.id,
      userId: row.userId,
      purpose,
      methods,
      value: encode(value),
      actionDigest: action?.digest ?? null,
      actionMark: action?.mark ?? null,
      generation: row.generation,
      createdAt,
      expiresAt,
    };
    await partOf(store, 'challenges').insert(challenge, MAX_PER_SESSION);
    return challenge;
  }

  const take: Challenges['take'] = async (row, id, { purposes, method }) => {
    // What is no id of ours may be text that a store can't even look for.
    const challenge = isId(id) ? await partOf(store, 'challenges').take(row.id, id, clock.now()) : null;
    if (challenge === null || challenge.userId !== row.userId) return null;
    if (challenge.actionDigest !== null && challenge.generation !== row.generation) return null;
    return purposes.includes(challenge.purpose) && challenge.methods.includes(method) ? challenge : null;
  };

  return {
    issue(row, wanted) {
      const now = clock.now();
      return issue(row, wanted, { createdAt: now, expiresAt: now + LIFETIME });
    },
    take,
    async choose(row, id, method) {
      const taken = await take(row, id, { purposes: ['action'], method });
      if (taken === null || taken.actionDigest === null || taken.actionMark === null) return null;
      const action = { digest: taken.actionDigest, mark: taken.actionMark };
      return issue(row, { purpose: 'action', methods: [method], action }, taken);
    },
    async giveUp({ row, proofsId }, id) {
      if (!isId(id)) return;
      if ((await partOf(store, 'challenges').take(row.id, id, clock.now())) !== null) return; // nobody has answered it
      await claim(row.id, id);
      if (proofsId !== null) await store.grants?.dropForChallenge(proofsId, id);
    },
    keep: ({ sessionId, id }) => claim(sessionId, id),
    async dropForSession(sessionId) {
      await store.grants?.dropForSession(sessionId);
      await store.challenges?.dropForSession(sessionId);
    },
  };
}
