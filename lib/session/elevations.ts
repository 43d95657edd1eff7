import { andThen, type MaybePromise } from '../internal/maybe-promise.js';
import { hashToken, newId, newToken, type TokenHash } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { believed, firstTokens, isLive } from '../stores/contract/session-state.js';
import type { ProofTimes, SessionCursor, SessionRow } from '../stores/contract/sessions.js';
import { keptRow } from './foreign-session.js';
import type { PresentedSession, SessionKeeper, Step } from './keeper.js';
import type { KeptSession } from './proofs-for-tests.js';

/*
 * A session that the app keeps doesn't change its cookie when it is stepped up, so what was proved can't go by that
 * cookie: whoever had copied it would be elevated, too. It goes by a token of its own. Its row, the elevation, is one of
 * the store's sessions, whose `label` is the public id of the app's session; its token's hash is that of both, so that it
 * is found with its session only, and is the token of no session of ours.
 */

export interface Elevations extends SessionKeeper {
  /** For tests: begins an elevation with these proofs, and gives its token. */
  prove(session: KeptSession, proofs: ProofTimes): Promise<Uint8Array>;
  /** The session with what this token has proved for it; null where the token is not the current one of an elevation of it. */
  find(session: SessionRow, token: Uint8Array): MaybePromise<(PresentedSession & { readonly proofsId: string }) | null>;
}

/** How many may stand beside one session: somebody who proves in several browsers at once has copied a cookie. */
const MAX_PER_SESSION = 8;
const PAGE = 100;

export function createElevations({
  store: { sessions, grants },
  clock,
  emit,
  settings: { absoluteLifetime },
}: Pick<Services, 'store' | 'clock' | 'emit' | 'settings'>): Elevations {
  /** Null where the token isn't the current one any more: of two steps at once one goes on, the other begins anew. */
  async function goOn(
    { row, token, proofsId }: PresentedSession,
    { method, makesProof }: Step,
    next: Uint8Array,
    now: number,
  ): Promise<SessionRow | null> {
    if (token === null || proofsId === null) return null;
    const change = {
      type: 'step-up',
      presented: elevationHash(row.id, token),
      nonce: '', // it is derived from nothing
      tokenHash: elevationHash(row.id, next),
      method,
      makesProof,
      onlyCurrent: true,
    } as const;
    return sessions.change(proofsId, change, now);
  }

  /** Empty but for these proofs. What other tokens have proved for the session stays theirs. */
  async function begin(
    session: SessionRow,
    { methods, proofs }: { readonly methods: readonly string[]; readonly proofs: ProofTimes },
    token: Uint8Array,
    now: number,
  ): Promise<SessionRow | null> {
    const expiresAt = now + absoluteLifetime;
    const row: SessionRow = {
      ...session,
      id: newId(),
      createdAt: now,
      authenticatedAt: session.lastSeenAt, // when the request came: what has ended all since, ends it as well
      lastSeenAt: now,
      idleExpiresAt: expiresAt,
      expiresAt,
      label: session.id,
      tokenHash: elevationHash(session.id, token),
      ...firstTokens(null, now),
      passedMethods: [...new Set([...session.passedMethods, ...methods])],
      signInProofs: {},
      stepUpProofs: proofs,
    };
    const inserted = await sessions.insert({ row, replaces: null, cap: null, now });
    if (inserted.outcome === 'refused') return null;
    const others = (await elevationsOf(session)).filter(({ id }) => id !== row.id);
    for (const { id, userId } of others.slice(MAX_PER_SESSION - 1)) await sessions.revoke(id, userId);
    return row;
  }

  /** Newest first. */
  async function elevationsOfUser(userId: string): Promise<readonly SessionRow[]> {
    const rows: SessionRow[] = [];
    for (let after: SessionCursor | null = null; ; ) {
      const page: readonly SessionRow[] = await sessions.listForUser({ userId, limit: PAGE, after, now: clock.now() });
      rows.push(...page);
      after = page.at(-1) ?? null;
      if (page.length < PAGE) return rows;
    }
  }

  async function elevationsOf({ id, userId }: Pick<SessionRow, 'id' | 'userId'>): Promise<readonly SessionRow[]> {
    return (await elevationsOfUser(userId)).filter(({ label }) => label === id);
  }

  async function end(rows: readonly SessionRow[]): Promise<number> {
    for (const { id, userId } of rows) {
      await grants?.dropForSession(id);
      await sessions.revoke(id, userId);
    }
    const ended = new Map(rows.map(({ label, userId }) => [label, userId]));
    for (const [sessionId, userId] of ended) {
      if (sessionId !== null) emit({ type: 'step-up.dropped', userId, sessionId });
    }
    return rows.length;
  }

  return {
    find: (session, token) =>
      andThen(sessions.find(elevationHash(session.id, token)), (stored) => {
        const now = clock.now();
        const row = stored && believed(stored, now);
        if (row === null || row.label !== session.id || row.userId !== session.userId || !isLive(row, now)) return null;
        if (row.tokenHash !== elevationHash(session.id, token)) return null; // it was replaced by the next proof
        return { row: elevated(session, row), token, proofsId: row.id };
      }),
    async record(presented, step) {
      const verifiedAt = clock.now();
      const token = newToken();
      const { method, makesProof } = step;
      const first = { methods: [method], proofs: makesProof ? { [method]: verifiedAt } : {} };
      const row =
        (await goOn(presented, step, token, verifiedAt)) ?? (await begin(presented.row, first, token, verifiedAt));
      if (row === null) return null;
      const { generation: answers } = row;
      return { row: elevated(presented.row, row), token, proofsId: row.id, verifiedAt, answers };
    },
    async prove(session, proofs) {
      const now = clock.now();
      const token = newToken();
      await begin(
        keptRow(session, elevationHash(session.id, token), now),
        { methods: Object.keys(proofs), proofs },
        token,
        now,
      );
      return token;
    },
    dropProofs: async ({ row }) => void (await end(await elevationsOf(row))),
    endAfterFailures: async (session) => void (await end(await elevationsOf(session))),
    async revokeAllForUser(userId, except) {
      const rows = await elevationsOfUser(userId);
      if (except !== null) return end(rows.filter(({ label }) => label !== except));
      await sessions.revokeAllForUser(userId, null, clock.now()); // and what is being made
      return end(rows);
    },
  };
}

/** The app's session with what its elevation has proved. */
function elevated(session: SessionRow, { generation, passedMethods, stepUpProofs }: SessionRow): SessionRow {
  return { ...session, generation, passedMethods, stepUpProofs };
}

function elevationHash(sessionId: string, token: Uint8Array): TokenHash {
  return hashToken(Buffer.concat([Buffer.from(`stepgate elevation ${sessionId} `), token]));
}
