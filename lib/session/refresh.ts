import { randomBytes } from 'node:crypto';
import type { Emit, RefusedReason } from '../events.js';
import type { Clock } from '../internal/clock.js';
import { hashToken } from '../internal/token-hash.js';
import type { Delivery, SessionRow, SessionStore } from '../stores/contract/sessions.js';
import type { RefreshToken, RefreshTokens, TokenPair } from './refresh-token.js';
import { StoreFault } from './safe-store.js';
import { endOf, type Sessions, type SessionWithTokens } from './sessions.js';
import { encode } from './tokens.js';
import type { TouchQueue } from './touch-queue.js';

export type RefreshOutcome =
  /** `repeated`: somebody rotated first, or the token is too young to be replaced; the same pair for everybody. */
  | ({ readonly outcome: 'rotated' | 'repeated' } & SessionWithTokens)
  /** A token of an earlier generation came back: it was copied, and the session has been revoked. */
  | { readonly outcome: 'reused' }
  | { readonly outcome: 'refused'; readonly reason: RefusedReason; readonly row: SessionRow | null };

export interface RefreshOptions {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly touchQueue: TouchQueue;
  readonly sessions: Sessions;
  readonly refreshTokens: RefreshTokens;
  readonly idleLifetime: number;
  readonly refreshGrace: number;
}

const NONCE_BYTES = 16;
/** A lost race means that somebody else rotated: the second look finds our token as the parent, or the session gone. */
const MAX_ATTEMPTS = 3;

/** Who asks, for the events. */
interface From {
  readonly ip?: string;
}

/** Exchanges a genuine refresh token for its one successor. One conditional update in the store decides every race. */
export function createRefresh(
  options: RefreshOptions,
): (presented: RefreshToken, delivery: Delivery, from?: From) => Promise<RefreshOutcome> {
  const { store, clock, emit, touchQueue, sessions, refreshTokens, idleLifetime, refreshGrace } = options;

  return async function refresh(presented, delivery, from = {}) {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const row = await store.get(presented.sessionId);
      if (row === null) return { outcome: 'refused', reason: 'unknown', row };
      const over = endOf(row, clock.now());
      if (over !== null) return { outcome: 'refused', reason: over, row };
      if (row.delivery !== delivery) return { outcome: 'refused', reason: 'delivery-mismatch', row };
      const answer =
        row.refreshHash === presented.hash
          ? await rotate(row, presented, from)
          : await repeatOrRevoke(row, presented, from);
      if (answer !== null) return answer;
    }
    const error = new Error('The store refused a rotation that nobody else had made.');
    emit({ type: 'store.failed', operation: 'sessions.rotateRefresh', error });
    throw new StoreFault('sessions.rotateRefresh', error);
  };

  async function rotate(row: SessionRow, presented: RefreshToken, from: From): Promise<RefreshOutcome | null> {
    const now = clock.now();
    const ownToken = refreshTokens.recoverSessionToken(presented, row.tokenHash);
    if (ownToken !== null && now < (row.refreshedAt ?? 0) + refreshGrace) {
      touchQueue.note(row, row.refreshConfirmedAt === null ? row.tokenHash : null);
      return { outcome: 'repeated', row, refreshToken: presented, token: ownToken };
    }
    const nonce = encode(randomBytes(NONCE_BYTES));
    const pair = refreshTokens.successor(presented, nonce);
    const idleExpiresAt = Math.min(now + idleLifetime, row.expiresAt);
    const won = await store.rotateRefresh({
      id: row.id,
      presented: presented.hash,
      successor: pair.refreshToken.hash,
      nonce,
      tokenHash: hashToken(pair.token),
      idleExpiresAt,
      now,
    });
    if (!won) return null;
    emit({ type: 'session.refreshed', userId: row.userId, sessionId: row.id, ...from });
    return { outcome: 'rotated', row, ...pair };
  }

  async function repeatOrRevoke(row: SessionRow, presented: RefreshToken, from: From): Promise<RefreshOutcome> {
    if (row.parentRefreshHash === presented.hash && isRepeatable(row)) {
      const pair = successorOf(row, presented);
      return pair === null
        ? { outcome: 'refused', reason: 'unknown', row } // made with a secret that is no longer configured
        : { outcome: 'repeated', row, ...pair };
    }
    emit({ type: 'session.refresh-reused', userId: row.userId, sessionId: row.id, ...from });
    await sessions.revoke(row.id, row.userId, 'theft');
    return { outcome: 'reused' };
  }

  /** Until the successor is used its parent still stands for it, and for the grace period after that. */
  function isRepeatable(row: SessionRow): boolean {
    return row.refreshConfirmedAt === null || clock.now() < row.refreshConfirmedAt + refreshGrace;
  }

  function successorOf(row: SessionRow, presented: RefreshToken): TokenPair | null {
    if (row.refreshNonce === null || row.refreshHash === null) return null;
    return refreshTokens.recoverSuccessor(presented, row.refreshNonce, row.refreshHash);
  }
}
