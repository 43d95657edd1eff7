import { randomBytes } from 'node:crypto';
import type { RefusedReason } from '../events.js';
import { encode, hashToken } from '../internal/tokens.js';
import type { Services } from '../services.js';
import { believed, isFarAhead, isSettled } from '../stores/contract/session-state.js';
import type { Delivery, SessionRow } from '../stores/contract/sessions.js';
import { DependencyError } from './checked-store.js';
import type { RefreshToken } from './refresh-token.js';
import { endOf, type SessionWithTokens } from './sessions.js';

export type RefreshOutcome =
  /** `repeated`: somebody rotated first, or the token is too young to be replaced; the same pair for everybody. */
  | ({ readonly outcome: 'rotated' | 'repeated' } & SessionWithTokens)
  /** A token of an earlier generation came back: it was copied, and the session has been revoked. */
  | { readonly outcome: 'reused' }
  | { readonly outcome: 'refused'; readonly reason: RefusedReason; readonly row: SessionRow | null };

const NONCE_BYTES = 16;
/** A lost race means that somebody else was faster: the second look finds what they made of it, or the session gone. */
const MAX_ATTEMPTS = 5;

/** Who asks, for the events. */
interface From {
  readonly ip?: string;
}

/**
 * Exchanges a genuine refresh token for its one successor, or answers a young one with itself. One conditional step of
 * the store decides every race, and what is handed out is alive when it is.
 */
export type Refresh = (presented: RefreshToken, delivery: Delivery, from?: From) => Promise<RefreshOutcome>;

export function createRefresh({
  settings: { refreshGrace },
  store: { sessions: store },
  clock,
  emit,
  sessions,
  refreshTokens,
}: Pick<Services, 'settings' | 'store' | 'clock' | 'emit' | 'sessions' | 'refreshTokens'>): Refresh {
  return async function refresh(presented, delivery, from = {}) {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const stored = await store.get(presented.sessionId);
      const now = clock.now();
      if (stored === null) return { outcome: 'refused', reason: 'unknown', row: null };
      const row = isFarAhead(stored, now)
        ? await store.change(stored.id, { type: 'correct-times' }, now)
        : believed(stored, now);
      if (row === null) continue;
      const over = endOf(row, now);
      if (over !== null) return { outcome: 'refused', reason: over, row };
      if (row.delivery !== delivery) return { outcome: 'refused', reason: 'delivery-mismatch', row };
      const answer = await answerTo(row, presented, now, from);
      if (answer !== null) return answer;
    }
    const error = new Error('The store refused a rotation that nobody else had made.');
    emit({ type: 'dependency.failed', operation: 'sessions.change', error });
    throw new DependencyError('sessions.change', error);
  };

  /** Null where another step came first. */
  async function answerTo(
    row: SessionRow,
    presented: RefreshToken,
    now: number,
    from: From,
  ): Promise<RefreshOutcome | null> {
    if (row.refreshHash === presented.hash) {
      return isYoung(row, now) ? repeat(row, presented, now) : rotate(row, presented, now, from);
    }
    if (row.parentRefreshHash === presented.hash && isRepeatable(row, now)) {
      const successor = successorOf(row, presented);
      // Without one it was made with a secret that is no longer configured.
      return successor === null ? { outcome: 'refused', reason: 'unknown', row } : repeat(row, successor, now);
    }
    emit({ type: 'session.refresh-reused', userId: row.userId, sessionId: row.id, ...from });
    await sessions.revoke(row.id, row.userId, 'theft');
    return { outcome: 'reused' };
  }

  /** An eager client makes no chain, and a browser that is killed has the token on its disk before it is replaced. */
  function isYoung(row: SessionRow, now: number): boolean {
    return !isSettled(row, row.refreshedAt, now) || now < (row.refreshedAt ?? 0) + refreshGrace;
  }

  /** Until the successor is used its parent still stands for it, and for the grace period after that. */
  function isRepeatable(row: SessionRow, now: number): boolean {
    return row.refreshConfirmedAt === null || now < row.refreshConfirmedAt + refreshGrace;
  }

  function successorOf(row: SessionRow, presented: RefreshToken): RefreshToken | null {
    if (row.refreshNonce === null || row.refreshHash === null) return null;
    return refreshTokens.recoverSuccessor(presented, row.refreshNonce, row.refreshHash)?.refreshToken ?? null;
  }

  /** The current refresh token again, with a session token that came with it: a step-up's would bring its proof along. */
  async function repeat(row: SessionRow, refreshToken: RefreshToken, now: number): Promise<RefreshOutcome | null> {
    if (row.tokenMethod === null) {
      const token = refreshTokens.recoverSessionToken(refreshToken, row.tokenNonce, row.tokenHash);
      if (token === null) return { outcome: 'refused', reason: 'unknown', row };
      return { outcome: 'repeated', row, refreshToken, token };
    }
    const nonce = newNonce();
    const token = refreshTokens.renewedToken(refreshToken, nonce);
    const { hash: refreshHash } = refreshToken;
    const change = { type: 'renew', refreshHash, replaces: row.tokenHash, nonce, tokenHash: hashToken(token) } as const;
    const renewed = await store.change(row.id, change, now, row);
    return renewed && { outcome: 'repeated', row: renewed, refreshToken, token };
  }

  async function rotate(
    row: SessionRow,
    presented: RefreshToken,
    now: number,
    from: From,
  ): Promise<RefreshOutcome | null> {
    const nonce = newNonce();
    const { refreshToken, token } = refreshTokens.successor(presented, nonce);
    const change = {
      type: 'rotate',
      presented: presented.hash,
      successor: refreshToken.hash,
      nonce,
      tokenHash: hashToken(token),
    } as const;
    const rotated = await store.change(row.id, change, now, row);
    if (rotated === null) return null;
    emit({ type: 'session.refreshed', userId: row.userId, sessionId: row.id, ...from });
    return { outcome: 'rotated', row: rotated, refreshToken, token };
  }
}

function newNonce(): string {
  return encode(randomBytes(NONCE_BYTES));
}
