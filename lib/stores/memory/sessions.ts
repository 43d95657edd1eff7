import type { TokenHash } from '../../internal/token-hash.js';
import type { EndedSession, SessionRow, SessionStore } from '../contract/sessions.js';
import { memoryCopy } from './copy.js';
import {
  byId,
  cameWithRefresh,
  frozenCopy,
  isLive,
  lastSeenFirst,
  oldestFirst,
  slidTo,
  tokensOf,
  withProof,
} from './session-row.js';

/** No operation awaits anything, so each is one step: nothing comes between its decision and its writing. */
export function memorySessions(): SessionStore {
  const rows = new Map<string, SessionRow>();
  const idOfToken = new Map<TokenHash, string>();
  const idsOfUser = new Map<string, Set<string>>();
  const notBeforeOfUser = new Map<string, number>();

  function put(row: SessionRow): void {
    remove(row.id);
    rows.set(row.id, Object.freeze(row));
    for (const token of tokensOf(row)) idOfToken.set(token, row.id);
    const ids = idsOfUser.get(row.userId);
    if (ids) ids.add(row.id);
    else idsOfUser.set(row.userId, new Set([row.id]));
  }

  function remove(id: string): EndedSession | null {
    const row = get(id);
    if (!row) return null;
    rows.delete(id);
    for (const token of tokensOf(row)) idOfToken.delete(token);
    const ids = idsOfUser.get(row.userId);
    ids?.delete(id);
    if (ids?.size === 0) idsOfUser.delete(row.userId);
    return { id, userId: row.userId };
  }

  function find(token: TokenHash): SessionRow | null {
    const id = idOfToken.get(token);
    return id === undefined ? null : get(id);
  }

  function get(id: string): SessionRow | null {
    return rows.get(id) ?? null;
  }

  function getLive(id: string, now: number): SessionRow | null {
    const row = get(id);
    return row && isLive(row, now) ? row : null;
  }

  function rowsOfUser(userId: string): SessionRow[] {
    return [...(idsOfUser.get(userId) ?? [])].flatMap((id) => get(id) ?? []);
  }

  /** The user's oldest live rows, as many as have to go before one more comes. */
  function surplus(userId: string, cap: number, now: number): readonly SessionRow[] {
    const live = rowsOfUser(userId).filter((row) => isLive(row, now));
    return live.sort(oldestFirst).slice(0, Math.max(0, live.length + 1 - cap));
  }

  function endAll(ended: readonly SessionRow[]): readonly EndedSession[] {
    return ended.flatMap((row) => remove(row.id) ?? []);
  }

  function raiseNotBefore(userId: string, notBefore: number): void {
    notBeforeOfUser.set(userId, Math.max(notBefore, notBeforeOfUser.get(userId) ?? -Infinity));
  }

  return {
    async insert({ row, replaces, cap, now }) {
      const notBefore = notBeforeOfUser.get(row.userId);
      if (notBefore !== undefined && row.authenticatedAt <= notBefore) return { outcome: 'refused' };
      if (rows.has(row.id)) throw new Error('There is a session with this id already.');

      const carried = replaces === null ? null : find(replaces);
      const replaced = carried && remove(carried.id);
      const evicted = cap === null ? [] : endAll(surplus(row.userId, cap, now));
      put(frozenCopy(row));
      return { outcome: 'inserted', replaced, evicted };
    },

    find,

    get,

    listForUser(userId, now) {
      return rowsOfUser(userId)
        .filter((row) => isLive(row, now))
        .sort(lastSeenFirst);
    },

    list({ limit, after, now }) {
      return [...rows.values()]
        .filter((row) => isLive(row, now) && (after === null || row.id > after))
        .sort(byId)
        .slice(0, limit);
    },

    async revoke(id, userId) {
      const row = get(id);
      return row && (userId === null || row.userId === userId) ? remove(id) : null;
    },

    async revokeAllForUser(userId, except, notBefore) {
      raiseNotBefore(userId, notBefore);
      return endAll(rowsOfUser(userId).filter((row) => row.id !== except));
    },

    async touch(touches, now) {
      for (const { id, seenAt, idleExpiresAt, confirms } of touches) {
        const row = getLive(id, now);
        if (!row) continue;
        const confirmedAt = confirms === row.tokenHash ? seenAt : null;
        put({
          ...row,
          lastSeenAt: Math.max(row.lastSeenAt, seenAt),
          idleExpiresAt: slidTo(idleExpiresAt, row),
          tokenConfirmedAt: row.tokenConfirmedAt ?? confirmedAt,
          refreshConfirmedAt: row.refreshConfirmedAt ?? (cameWithRefresh(row) ? confirmedAt : null),
        });
      }
    },

    async rotateRefresh({ id, presented, successor, nonce, tokenHash, idleExpiresAt, now }) {
      const row = getLive(id, now);
      if (row?.refreshHash !== presented) return false;
      put({
        ...row,
        tokenHash,
        previousTokenHash: row.tokenHash,
        tokenNonce: null,
        tokenMethod: null,
        tokenConfirmedAt: null,
        refreshHash: successor,
        parentRefreshHash: presented,
        refreshNonce: nonce,
        refreshedAt: now,
        refreshConfirmedAt: null,
        lastSeenAt: Math.max(row.lastSeenAt, now),
        idleExpiresAt: slidTo(idleExpiresAt, row),
        stepUpProofs: Object.freeze({}),
      });
      return true;
    },

    async recordStepUp({ id, presented, nonce, tokenHash, method, verifiedAt, now }) {
      const row = getLive(id, now);
      const isCurrent = row?.tokenHash === presented;
      const isPrevious =
        row?.previousTokenHash === presented &&
        row.tokenConfirmedAt === null &&
        (row.tokenMethod === null || row.tokenMethod === method);
      if (!row || (!isCurrent && !isPrevious)) return { outcome: 'lost' };
      const replacement = {
        tokenHash,
        tokenNonce: nonce,
        tokenMethod: method,
        previousTokenHash: presented,
        tokenConfirmedAt: null,
      };
      put({
        ...row,
        ...(isCurrent || row.tokenMethod === null ? replacement : {}),
        refreshConfirmedAt: row.refreshConfirmedAt ?? (isCurrent && cameWithRefresh(row) ? now : null),
        stepUpProofs: verifiedAt === null ? row.stepUpProofs : withProof(row.stepUpProofs, method, verifiedAt),
      });
      const recorded = get(id);
      return recorded === null ? { outcome: 'lost' } : { outcome: 'recorded', row: recorded };
    },

    async dropProofs(id) {
      const row = get(id);
      if (!row) return false;
      put({ ...row, signInProofs: Object.freeze({}), stepUpProofs: Object.freeze({}) });
      return true;
    },

    async replaceCredentials({ id, userId, presented, tokenHash, refreshHash, now }) {
      const row = getLive(id, now);
      if (row?.userId !== userId || row.tokenHash !== presented) return { outcome: 'lost' };
      raiseNotBefore(userId, now);
      const ended = endAll(rowsOfUser(userId).filter((other) => other.id !== id));
      const madeAt = refreshHash === null ? null : now;
      put({
        ...row,
        tokenHash,
        previousTokenHash: null,
        tokenNonce: null,
        tokenMethod: null,
        tokenConfirmedAt: now,
        refreshHash,
        parentRefreshHash: null,
        refreshNonce: null,
        refreshedAt: madeAt,
        refreshConfirmedAt: madeAt,
        signInProofs: Object.freeze({}),
        stepUpProofs: Object.freeze({}),
      });
      return { outcome: 'replaced', ended };
    },

    async deleteExpired(now, notBefore, limit) {
      const over = [...rows.values()].filter((row) => !isLive(row, now)).slice(0, limit);
      for (const [userId, time] of notBeforeOfUser) if (time < notBefore) notBeforeOfUser.delete(userId);
      return endAll(over).length;
    },

    copy: {
      ...memoryCopy(
        (now) => [...rows.values()].filter((row) => isLive(row, now)),
        (row) => {
          if (rows.has(row.id)) return false;
          put(frozenCopy(row));
          return true;
        },
      ),
      notBefore: memoryCopy(
        () => [...notBeforeOfUser].map(([userId, notBefore]) => ({ userId, notBefore })),
        ({ userId, notBefore }) => {
          if ((notBeforeOfUser.get(userId) ?? -Infinity) >= notBefore) return false;
          raiseNotBefore(userId, notBefore);
          return true;
        },
      ),
    },
  };
}
