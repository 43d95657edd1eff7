import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RefusedReason, RevokedBy } from '../events.js';
import { andThen, type MaybePromise } from '../internal/maybe-promise.js';
import { hashToken, newId, newToken, type TokenHash } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { believed, confirmedBy, firstTokens, isFarAhead, isLive } from '../stores/contract/session-state.js';
import type {
  Delivery,
  EndedSession,
  ProofTimes,
  Session,
  SessionCursor,
  SessionRow,
} from '../stores/contract/sessions.js';
import type { RefreshToken, RefreshTokens } from './refresh-token.js';
import type { Sighting } from './touch-queue.js';

/**
 * How long a sign-in may take from the credentials to the session. Beyond it a sign-in is refused, so that a user's
 * not-before time need not be kept longer.
 */
export const SIGN_IN_WINDOW = 86_400_000;

/** Many sessions may end in one step: what the app's `onEvent` does with each must not hold up everybody's requests. */
const EVENTS_A_TURN = 500;

/** What the request that brings a credential says of its session. */
export interface Claim {
  readonly delivery: Delivery;
  /** From an access token: who and which session it was issued for. */
  readonly userId?: string;
  readonly sessionId?: string;
}

export type FindOutcome =
  /** `byCurrentToken`: else by the previous one: by the previous one the session proves nothing and manages nothing. */
  | { readonly outcome: 'live'; readonly row: SessionRow; readonly byCurrentToken: boolean }
  | { readonly outcome: 'refused'; readonly reason: RefusedReason; readonly row: SessionRow | null };

export interface NewSession {
  readonly userId: string;
  readonly delivery: Delivery;
  readonly authenticatedAt: number;
  readonly amr: readonly string[];
  readonly acr: string | null;
  readonly proofs: ProofTimes;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly label: string | null;
  readonly data: Session['data'];
  readonly replaces: TokenHash | null;
}

/** A session with the secrets that go to its client, and nowhere else. */
export interface SessionWithTokens {
  readonly row: SessionRow;
  readonly token: Uint8Array;
  /** Null for a delivery without one, and where only the session token is new. */
  readonly refreshToken: RefreshToken | null;
}

export type CreateOutcome = ({ readonly outcome: 'created' } & SessionWithTokens) | { readonly outcome: 'too-late' };

export interface Sessions {
  find(token: Uint8Array, claim: Claim): MaybePromise<FindOutcome>;
  create(session: NewSession): Promise<CreateOutcome>;
  /** Live rows of the user, newest activity first, after the given place. */
  listForUser(userId: string, limit: number, after: SessionCursor | null): Promise<readonly SessionRow[]>;
  /** Live rows by id, after the given one. */
  list(limit: number, after: string | null): Promise<readonly SessionRow[]>;
  /** The row if it is live. */
  get(id: string): Promise<SessionRow | null>;
  /** Ends a session; with a `userId` only one of that user's. False when there is none. */
  revoke(id: string, userId: string | null, by: RevokedBy): Promise<boolean>;
  revokeAllForUser(userId: string, except: string | null, by: RevokedBy): Promise<number>;
  /** Ends the session that a current or previous token belongs to. */
  revokeByToken(token: Uint8Array, claim: Claim, by: RevokedBy): Promise<void>;
  /** Ends the other sessions and gives this one new tokens; null when its token is no longer the current one. */
  credentialsChanged(row: SessionRow): Promise<SessionWithTokens | null>;
}

export function createSessions({
  settings,
  store: { sessions: store },
  clock,
  emit,
  touchQueue,
  refreshTokens,
}: Pick<Services, 'settings' | 'store' | 'clock' | 'emit' | 'touchQueue' | 'refreshTokens'>): Sessions {
  const { idleLifetime, absoluteLifetime, tokenOverlap, maxSessionsPerUser: cap } = settings;

  function judge(stored: SessionRow | null, hash: TokenHash, claim: Claim): FindOutcome {
    if (stored === null) return { outcome: 'refused', reason: 'unknown', row: null };
    const now = clock.now();
    const row = believed(stored, now);
    const reason = refusalReason(row, hash, claim, now);
    if (reason !== null) return { outcome: 'refused', reason, row };
    const byCurrentToken = row.tokenHash === hash;
    const sighting = sightingOf(stored, row, byCurrentToken ? hash : null, now, settings);
    if (sighting !== null) touchQueue.note(sighting);
    return { outcome: 'live', row, byCurrentToken };
  }

  function refusalReason(row: SessionRow, hash: TokenHash, claim: Claim, now: number): RefusedReason | null {
    if (row.delivery !== claim.delivery) return 'delivery-mismatch';
    if (claim.userId !== undefined && row.userId !== claim.userId) return 'user-mismatch';
    if (claim.sessionId !== undefined && row.id !== claim.sessionId) return 'session-mismatch';
    const over = endOf(row, now);
    if (over !== null || row.tokenHash === hash) return over;
    const overlapEndsAt = row.tokenConfirmedAt === null ? row.expiresAt : row.tokenConfirmedAt + tokenOverlap;
    return now >= overlapEndsAt ? 'replaced' : null;
  }

  async function revoked(ended: readonly EndedSession[], by: RevokedBy): Promise<void> {
    for (const [index, { id, userId }] of ended.entries()) {
      if (index > 0 && index % EVENTS_A_TURN === 0) await nextTurn();
      emit({ type: 'session.revoked', userId, sessionId: id, by });
    }
  }

  async function revoke(id: string, userId: string | null, by: RevokedBy): Promise<boolean> {
    const ended = await store.revoke(id, userId);
    if (ended !== null) await revoked([ended], by);
    return ended !== null;
  }

  return {
    find(token, claim) {
      const hash = hashToken(token);
      return andThen(store.find(hash), (row) => judge(row, hash, claim));
    },
    async create({ replaces, proofs, ...session }) {
      const now = clock.now();
      if (session.authenticatedAt <= now - SIGN_IN_WINDOW) return { outcome: 'too-late' };
      const id = newId();
      const tokens = tokensFor(session.delivery, id, refreshTokens);
      const row: SessionRow = {
        ...session,
        id,
        createdAt: now,
        lastSeenAt: now,
        idleExpiresAt: now + Math.min(idleLifetime, absoluteLifetime),
        expiresAt: now + absoluteLifetime,
        tokenHash: hashToken(tokens.token),
        ...firstTokens(tokens.refreshToken?.hash ?? null, now),
        generation: 0,
        passedMethods: Object.keys(proofs),
        signInProofs: proofs,
        stepUpProofs: {},
        idleLifetime: null,
        persistent: true,
        impersonator: null,
      };
      const inserted = await store.insert({ row, replaces, cap, now });
      if (inserted.outcome === 'refused') return { outcome: 'too-late' };
      if (inserted.replaced !== null) await revoked([inserted.replaced], 'sign-in');
      await revoked(inserted.evicted, 'cap');
      return { outcome: 'created', row, ...tokens };
    },
    listForUser: async (userId, limit, after) => store.listForUser({ userId, limit, after, now: clock.now() }),
    list: async (limit, after) => store.list({ limit, after, now: clock.now() }),
    async get(id) {
      const stored = await store.get(id);
      const row = stored && believed(stored, clock.now());
      return row !== null && isLive(row, clock.now()) ? row : null;
    },
    revoke,
    async revokeAllForUser(userId, except, by) {
      const ended = await store.revokeAllForUser(userId, except, clock.now());
      await revoked(ended, by);
      return ended.length;
    },
    async revokeByToken(token, claim, by) {
      const row = await store.find(hashToken(token));
      if (row !== null && row.delivery === claim.delivery) await revoke(row.id, row.userId, by);
    },
    async credentialsChanged(row) {
      const now = clock.now();
      const tokens = tokensFor(row.delivery, row.id, refreshTokens);
      const change = {
        type: 'replace-credentials',
        userId: row.userId,
        presented: row.tokenHash,
        tokenHash: hashToken(tokens.token),
        refreshHash: tokens.refreshToken?.hash ?? null,
      } as const;
      const answer = await store.replaceCredentials(row.id, change, now);
      if (answer.outcome === 'lost') return null;
      await revoked(answer.ended, 'credentials-changed');
      return { row: answer.row, ...tokens };
    },
  };
}

/**
 * What a request's use of a session has to change in its row. Null, as for most requests, where that is nothing: the
 * session was seen less than `touchInterval` ago, its token counts as used, and its times are right.
 *
 * @param row `stored` as `believed` takes it.
 * @param presented Its current session token, when the request brought that; else null.
 */
export function sightingOf(
  stored: SessionRow,
  row: SessionRow,
  presented: TokenHash | null,
  now: number,
  { idleLifetime, touchInterval }: Pick<Services['settings'], 'idleLifetime' | 'touchInterval'>,
): Sighting | null {
  const confirms = confirmedBy(row, presented, now);
  const isWrong = row !== stored && isFarAhead(stored, now);
  if (confirms === null && !isWrong && now - row.lastSeenAt < touchInterval) return null;
  const idleExpiresAt = Math.min(now + idleLifetime, row.expiresAt);
  return { touch: { id: row.id, seenAt: now, idleExpiresAt, confirms }, isWrong };
}

/** At which of its ends a session is over, null while it lives: it is over **at** an end, not after it. */
export function endOf(row: SessionRow, now: number): 'expired' | 'idle-expired' | null {
  if (now >= row.expiresAt) return 'expired';
  return now >= row.idleExpiresAt ? 'idle-expired' : null;
}

/** What a user may see of a session, without a hash in it. */
export function publicSession(row: SessionRow): Session {
  const { id, userId, delivery, createdAt, authenticatedAt, lastSeenAt, idleExpiresAt, expiresAt } = row;
  const { userAgent, ip, label, data } = row;
  const times = { createdAt, authenticatedAt, lastSeenAt, idleExpiresAt, expiresAt };
  return { id, userId, delivery, ...times, userAgent, ip, label, data };
}

function tokensFor(delivery: Delivery, id: string, refreshTokens: RefreshTokens): Omit<SessionWithTokens, 'row'> {
  return delivery === 'cookie' ? { token: newToken(), refreshToken: null } : refreshTokens.issue(id);
}
