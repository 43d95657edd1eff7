import type { TokenHash } from '../../internal/tokens.js';
import type { ChallengeRow, ChallengeStore } from '../contract/challenges.js';
import type { Claimable } from '../contract/realm.js';

export function memoryChallenges(claimable: Claimable): ChallengeStore {
  const rows = new Map<string, ChallengeRow>();
  const spent = new Map<TokenHash, number>();

  function drop(isDropped: (row: ChallengeRow) => boolean): void {
    for (const row of rows.values()) if (isDropped(row)) rows.delete(row.id);
  }

  return {
    ...claimable,
    async insert(row, max) {
      if (rows.has(row.id)) throw new Error('There is a challenge with this id already.');
      rows.set(row.id, Object.freeze({ ...row, methods: Object.freeze([...row.methods]) }));
      const ofSession = [...rows.values()].filter((other) => other.sessionId === row.sessionId).sort(oldestFirst);
      for (const { id } of ofSession.slice(0, Math.max(0, ofSession.length - max))) rows.delete(id);
    },
    async take(sessionId, id, now) {
      const row = rows.get(id);
      if (row?.sessionId !== sessionId || !isLive(row, now)) return null;
      rows.delete(id);
      return row;
    },
    async dropForSession(sessionId) {
      drop((row) => row.sessionId === sessionId);
    },
    async dropForUser(userId) {
      drop((row) => row.userId === userId);
    },
    async spend(hash, expiresAt) {
      if (spent.has(hash)) return false;
      spent.set(hash, expiresAt);
      return true;
    },
    async deleteExpired(now, limit) {
      const over = [...rows.values()].filter((row) => now >= row.expiresAt).slice(0, limit);
      const overSpent = [...spent].filter(([, expiresAt]) => now >= expiresAt).slice(0, limit);
      for (const { id } of over) rows.delete(id);
      for (const [hash] of overSpent) spent.delete(hash);
      return over.length + overSpent.length;
    },
  };
}

function isLive({ createdAt, expiresAt }: ChallengeRow, now: number): boolean {
  return now < expiresAt && createdAt - now <= expiresAt - createdAt;
}

function oldestFirst(a: ChallengeRow, b: ChallengeRow): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}
