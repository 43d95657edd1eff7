import type { GrantRow, GrantStore } from '../contract/grants.js';
import type { Claimable } from '../contract/realm.js';

interface Mark {
  readonly userId: string;
  readonly spentAt: number;
  readonly expiresAt: number;
}

export function memoryGrants(claimable: Claimable): GrantStore {
  const rows = new Map<string, GrantRow>();
  const marks = new Map<string, Mark>();

  function drop(isDropped: (row: GrantRow) => boolean): void {
    for (const [key, row] of rows) if (isDropped(row)) rows.delete(key);
  }

  return {
    ...claimable,
    async insert(row) {
      rows.set(keyOf(row.sessionId, row.actionDigest), Object.freeze({ ...row }));
    },
    async take({ sessionId, userId, actionDigest, action, markedUntil, now }) {
      const key = keyOf(sessionId, actionDigest);
      const row = rows.get(key);
      const markKey = keyOf(userId, action);
      if (row !== undefined && isLive(row, now)) {
        rows.delete(key);
        marks.set(markKey, { userId, spentAt: now, expiresAt: markedUntil });
        return { outcome: 'taken', row };
      }
      const mark = marks.get(markKey);
      if (mark === undefined || now >= mark.expiresAt) return { outcome: 'none' };
      return { outcome: 'spent', spentAt: mark.spentAt };
    },
    async dropForChallenge(sessionId, challengeId) {
      drop((row) => row.sessionId === sessionId && row.challengeId === challengeId);
    },
    async dropForSession(sessionId) {
      drop((row) => row.sessionId === sessionId);
    },
    async dropForUser(userId, method) {
      drop((row) => row.userId === userId && (method === null || row.method === method));
      if (method !== null) return;
      for (const [key, mark] of marks) if (mark.userId === userId) marks.delete(key);
    },
    async deleteExpired(now, limit) {
      return deleteOver(rows, now, limit) + deleteOver(marks, now, limit);
    },
  };
}

function isLive({ createdAt, expiresAt }: GrantRow, now: number): boolean {
  return now < expiresAt && createdAt - now <= expiresAt - createdAt;
}

function deleteOver(rows: Map<string, { readonly expiresAt: number }>, now: number, limit: number): number {
  const over = [...rows].filter(([, { expiresAt }]) => now >= expiresAt).slice(0, limit);
  for (const [key] of over) rows.delete(key);
  return over.length;
}

function keyOf(owner: string, digest: string): string {
  return JSON.stringify([owner, digest]);
}
