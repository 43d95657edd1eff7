import type { GrantRow, GrantStore } from '../contract/grants.js';

export function memoryGrants(): GrantStore {
  const rows = new Map<string, GrantRow>();
  const spent = new WeakSet<GrantRow>();

  function drop(isDropped: (row: GrantRow) => boolean): void {
    for (const [key, row] of rows) if (isDropped(row)) rows.delete(key);
  }

  return {
    async insert(row) {
      rows.set(keyOf(row.sessionId, row.actionDigest), Object.freeze({ ...row }));
    },
    async take(sessionId, actionDigest, now) {
      const key = keyOf(sessionId, actionDigest);
      const row = rows.get(key);
      if (row === undefined || now >= row.expiresAt) return { outcome: 'none' };
      if (spent.has(row)) return { outcome: 'spent' };
      spent.add(row);
      return { outcome: 'taken', row };
    },
    async dropForSession(sessionId) {
      drop((row) => row.sessionId === sessionId);
    },
    async dropForUser(userId) {
      drop((row) => row.userId === userId);
    },
    async deleteExpired(now, limit) {
      const over = [...rows].filter(([, row]) => now >= row.expiresAt).slice(0, limit);
      for (const [key] of over) rows.delete(key);
      return over.length;
    },
  };
}

function keyOf(sessionId: string, actionDigest: string): string {
  return JSON.stringify([sessionId, actionDigest]);
}
