import type { Emit, RefusedReason, RevokedBy } from '../events.js';
import type { Clock } from '../internal/clock.js';
import { andThen, type MaybePromise } from '../internal/maybe-promise.js';
import { hashToken, type TokenHash } from '../internal/token-hash.js';
import type {
  Delivery,
  EndedSession,
  ProofTimes,
  Session,
  SessionCursor,
  SessionRow,
  SessionStore,
} from '../stores/contract/sessions.js';
import type { RefreshToken, RefreshTokens } from './refresh-token.js';
import { newId, newToken } from './tokens.js';
import type { TouchQueue } from './touch-queue.js';

/**
 * How long a sign-in may take from the credentials to the session. Beyond it a sign-in is refused, so that a user's
 * not-before time need not be kept longer.
 */
export const SIGN_IN_WINDOW = 86_400_000;

/** What the request that brings a credential says of its session. */
export interface Claim {
  readonly delivery: Delivery;
  /** From an access token: who and which session it was issued for. */
  readonly userId?: string;
  readonly sessionId?: string;
}

export type FindOutcome =
  /** `current`: by its current token; by the previous one the session proves nothing and manages nothing. */
  | { readonly outcome: 'live'; readonly row: SessionRow; readonly current: boolean }
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
  /** Live rows of the user, newest activity first, at most `limit`, strictly after a place in that order. */
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

export interface SessionsOptions {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly touchQueue: TouchQueue;
  readonly refreshTokens: RefreshTokens;
  readonly idleLifetime: number;
  readonly absoluteLifetime: number;
  readonly tokenOverlap: number;
  readonly cap: number | null;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { store, clock, emit, touchQueue, refreshTokens, idleLifetime, absoluteLifetime, cap } = options;

  function judge(row: SessionRow | null, hash: TokenHash, claim: Claim): FindOutcome {
    const reason = row === null ? 'unknown' : refusalReason(row, hash, claim);
    if (row === null || reason !== null) return { outcome: 'refused', reason: reason ?? 'unknown', row };
    const current = row.tokenHash === hash;
    touchQueue.note(row, current && row.tokenConfirmedAt === null ? hash : null);
    return { outcome: 'live', row, current };
  }

  function refusalReason(row: SessionRow, hash: TokenHash, claim: Claim): RefusedReason | null {
    const now = clock.now();
    if (row.delivery !== claim.delivery) return 'delivery-mismatch';
    if (claim.userId !== undefined && row.userId !== claim.userId) return 'user-mismatch';
    if (claim.sessionId !== undefined && row.id !== claim.sessionId) return 'session-mismatch';
    const over = endOf(row, now);
    if (over !== null || row.tokenHash === hash) return over;
    const overlapEndsAt = row.tokenConfirmedAt === null ? row.expiresAt : row.tokenConfirmedAt + options.tokenOverlap;
    return now >= overlapEndsAt ? 'replaced' : null;
  }

  function revoked(ended: readonly EndedSession[], by: RevokedBy): void {
    for (const { id, userId } of ended) emit({ type: 'session.revoked', userId, sessionId: id, by });
  }

  async function revoke(id: string, userId: string | null, by: RevokedBy): Promise<boolean> {
    const ended = await store.revoke(id, userId);
    if (ended !== null) revoked([ended], by);
    return ended !== null;
  }

  function findRow(hash: TokenHash): MaybePromise<SessionRow | null> {
    return store.find(hash);
  }

  return {
    find(token, claim) {
      const hash = hashToken(token);
      return andThen(findRow(hash), (row) => judge(row, hash, claim));
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
        ...columnsOf(tokens, now),
        signInProofs: proofs,
        stepUpProofs: {},
      };
      const inserted = await store.insert({ row, replaces, cap, now });
      if (inserted.outcome === 'refused') return { outcome: 'too-late' };
      if (inserted.replaced !== null) revoked([inserted.replaced], 'sign-in');
      revoked(inserted.evicted, 'cap');
      return { outcome: 'created', row, ...tokens };
    },
    async listForUser(userId, limit, after) {
      const rows = await store.listForUser(userId, clock.now());
      return rows.filter((row) => after === null || isAfter(row, after)).slice(0, limit);
    },
    list: async (limit, after) => store.list({ limit, after, now: clock.now() }),
    async get(id) {
      const row = await store.get(id);
      return row !== null && endOf(row, clock.now()) === null ? row : null;
    },
    revoke,
    async revokeAllForUser(userId, except, by) {
      const ended = await store.revokeAllForUser(userId, except, clock.now());
      revoked(ended, by);
      return ended.length;
    },
    async revokeByToken(token, claim, by) {
      const row = await findRow(hashToken(token));
      if (row !== null && row.delivery === claim.delivery) await revoke(row.id, row.userId, by);
    },
    async credentialsChanged(row) {
      const now = clock.now();
      const tokens = tokensFor(row.delivery, row.id, refreshTokens);
      const columns = columnsOf(tokens, now);
      const { id, userId, tokenHash: presented } = row;
      const { tokenHash, refreshHash } = columns;
      const answer = await store.replaceCredentials({ id, userId, presented, tokenHash, refreshHash, now });
      if (answer.outcome === 'lost') return null;
      revoked(answer.ended, 'credentials-changed');
      return { row: { ...row, ...columns, signInProofs: {}, stepUpProofs: {} }, ...tokens };
    },
  };
}

function isAfter(row: SessionRow, { lastSeenAt, createdAt, id }: SessionCursor): boolean {
  if (row.lastSeenAt !== lastSeenAt) return row.lastSeenAt < lastSeenAt;
  return row.createdAt === createdAt ? row.id > id : row.createdAt < createdAt;
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

/** The columns of tokens that nobody has replaced yet. */
function columnsOf({ token, refreshToken }: Omit<SessionWithTokens, 'row'>, now: number) {
  return {
    tokenHash: hashToken(token),
    previousTokenHash: null,
    tokenNonce: null,
    tokenMethod: null,
    tokenConfirmedAt: now,
    refreshHash: refreshToken?.hash ?? null,
    parentRefreshHash: null,
    refreshNonce: null,
    refreshedAt: refreshToken === null ? null : now,
    refreshConfirmedAt: refreshToken === null ? null : now,
  };
}
