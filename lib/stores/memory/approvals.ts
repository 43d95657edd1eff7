import { admitted, approvalChanged, byAge, isOfSession, isOfUser, statusAt } from '../contract/approval-state.js';
import type { ApprovalRow, ApprovalStore } from '../contract/approvals.js';
import type { Claimable } from '../contract/realm.js';

export function memoryApprovals(claimable: Claimable): ApprovalStore {
  const rows = new Map<string, ApprovalRow>();

  function drop(isDropped: (row: ApprovalRow) => boolean): void {
    for (const row of rows.values()) if (isDropped(row)) rows.delete(row.id);
  }

  return {
    ...claimable,
    async insert(row, now) {
      if (rows.has(row.id)) throw new Error('There is an approval with this id already.');
      const answer = admitted(row, [...rows.values()], now);
      if (answer.outcome === 'inserted') rows.set(row.id, structuredClone(row));
      return answer;
    },
    get: (id) => rows.get(id) ?? null,
    listPending(userId, now) {
      const waiting = [...rows.values()].filter((row) => row.approvers.includes(userId));
      return waiting.filter((row) => statusAt(row, now) === 'pending').sort(byAge);
    },
    async change(id, change, now) {
      const row = rows.get(id);
      if (row === undefined) return { outcome: 'absent' };
      const next = approvalChanged(row, change, now);
      if (next === null) return { outcome: 'refused', row };
      rows.set(id, next);
      return { outcome: 'changed', row: next, from: row.status };
    },
    async dropForSession(userId, sessionId) {
      drop((row) => isOfSession(row, userId, sessionId));
    },
    async dropForUser(userId, method) {
      drop((row) => isOfUser(row, userId, method));
    },
    async deleteExpired(now, limit) {
      const over = [...rows.values()].filter(({ keptUntil }) => now >= keptUntil).slice(0, limit);
      for (const { id } of over) rows.delete(id);
      return over.length;
    },
  };
}
