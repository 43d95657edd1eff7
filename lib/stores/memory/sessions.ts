import type { TokenHash } from '../../internal/tokens.js';
import type { Claimable } from '../contract/realm.js';
import { believedNotBefore, cameWithRefresh, changed, isLive, type SessionChange } from '../contract/session-state.js';
import type { EndedSession, SessionRow, SessionStore } from '../contract/sessions.js';
import { memoryCopy } from './copy.js';
import { byId, frozenCopy, lastSeenFirst, oldestFirst, slidTo, tokensOf } from './session-row.js';

/** No operation awaits anything, so each is one step: nothing comes between its decision and its writing. */
export function memorySessions(claimable: Claimable): SessionStore {
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
    const live = rowsOfUser(userId).filter((row) => isLive(row, now) && row.impersonator === null);
    return live.sort(oldestFirst).slice(0, Math.max(0, live.length + 1 - cap));
  }

  function endAll(ended: readonly SessionRow[]): readonly EndedSession[] {
    return ended.flatMap((row) => remove(row.id) ?? []);
  }

  function raiseNotBefore(userId: string, notBefore: number): void {
    const known = believedNotBefore(notBeforeOfUser.get(userId) ?? -Infinity, notBefore);
    notBeforeOfUser.set(userId, Math.max(notBefore, known));
  }

  function change(id: string, asked: SessionChange, now: number): SessionRow | null {
    const row = get(id);
    const next = row && changed(row, asked, now);
    if (next) put(frozenCopy(next));
    return next && get(id);
  }

  return {
    ...claimable,

    async insert({ row, replaces, cap, now }) {
      const known = notBeforeOfUser.get(row.userId);
      if (known !== undefined) {
        const notBefore = believedNotBefore(known, now);
        notBeforeOfUser.set(row.userId, notBefore);
        if (row.authenticatedAt <= notBefore) return { outcome: 'refused' };
      }
      if (rows.has(row.id)) throw new Error('There is a session with this id already.');

      const carried = replaces === null ? null : find(replaces);
      const replaced = carried && remove(carried.id);
      const evicted = cap === null ? [] : endAll(surplus(row.userId, cap, now));
      put(frozenCopy(row));
      return { outcome: 'inserted', replaced, evicted };
    },

    find,

    get,

    listForUser({ userId, limit, after, now }) {
      return rowsOfUser(userId)
        .filter((row) => isLive(row, now) && (after === null || lastSeenFirst(after, row) < 0))
        .sort(lastSeenFirst)
        .slice(0, limit);
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

    change: async (id, asked, now) => change(id, asked, now),

    async changeAllOfUser(userId, asked, now) {
      for (const { id } of rowsOfUser(userId)) change(id, asked, now);
    },

    async replaceCredentials(id, asked, now) {
      const row = change(id, asked, now);
      if (row === null) return { outcome: 'lost' };
      raiseNotBefore(asked.userId, now);
      const ended = endAll(rowsOfUser(asked.userId).filter((other) => other.id !== id));
      return { outcome: 'replaced', row, ended };
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
