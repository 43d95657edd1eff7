import type { Database } from 'better-sqlite3';
import { admitted, approvalChanged, askerKey, byAge, statusAt } from '../contract/approval-state.js';
import type { ApprovalRow, ApprovalStore } from '../contract/approvals.js';
import type { Synchronous } from './operations.js';

// A row is one JSON text; what it is looked for by stands beside it.

export type ApprovalReads = Synchronous<Pick<ApprovalStore, 'get' | 'listPending'>>;
export type ApprovalWrites = Synchronous<Omit<ApprovalStore, keyof ApprovalReads>>;

interface Stored {
  readonly id: string;
  readonly asker: string;
  readonly userId: string;
  readonly sessionId: string | null;
  readonly approvedBy: string | null;
  readonly approvedIn: string | null;
  readonly method: string | null;
  readonly keptUntil: number;
  readonly row: string;
}

export function approvalReads(db: Database, prefix: string): ApprovalReads {
  const get = db.prepare<[string], string>(`SELECT "row" FROM ${prefix}_approvals WHERE id = ?`).pluck();
  const waiting = db
    .prepare<[string], string>(`
      SELECT "row" FROM ${prefix}_approvers AS of JOIN ${prefix}_approvals AS a ON a.id = of.approval_id
      WHERE of.user_id = ?`)
    .pluck();
  return {
    get(id) {
      const stored = get.get(id);
      return stored === undefined ? null : toRow(stored);
    },
    listPending: (userId, now) =>
      waiting
        .all(userId)
        .map(toRow)
        .filter((row) => statusAt(row, now) === 'pending')
        .sort(byAge),
  };
}

/** Each runs inside the one write transaction of the file, so that nothing comes between its look and its writing. */
export function approvalWrites(db: Database, prefix: string): ApprovalWrites {
  const { get, listPending } = approvalReads(db, prefix);
  const ofAsker = db.prepare<[string], string>(`SELECT "row" FROM ${prefix}_approvals WHERE asker = ?`).pluck();
  const insert = db.prepare<[Stored]>(`
    INSERT INTO ${prefix}_approvals (id, asker, user_id, session_id, approved_by, approved_in, method, kept_until, "row")
    VALUES (@id, @asker, @userId, @sessionId, @approvedBy, @approvedIn, @method, @keptUntil, @row)`);
  const insertApprover = db.prepare<[string, string]>(
    `INSERT INTO ${prefix}_approvers (user_id, approval_id) VALUES (?, ?)`,
  );
  const update = db.prepare<[Stored]>(`
    UPDATE ${prefix}_approvals
    SET approved_by = @approvedBy, approved_in = @approvedIn, method = @method, "row" = @row WHERE id = @id`);
  const dropForSession = db.prepare<[{ readonly userId: string; readonly sessionId: string }]>(`
    DELETE FROM ${prefix}_approvals
    WHERE (user_id = @userId AND session_id = @sessionId) OR (approved_by = @userId AND approved_in = @sessionId)`);
  const dropApprovedBy = db.prepare<[string, string]>(
    `DELETE FROM ${prefix}_approvals WHERE approved_by = ? AND method = ?`,
  );
  const dropForUser = db.prepare<[{ readonly userId: string }]>(`
    DELETE FROM ${prefix}_approvals
    WHERE user_id = @userId OR id IN (SELECT approval_id FROM ${prefix}_approvers WHERE user_id = @userId)`);
  const deleteOver = db.prepare<[number, number]>(`
    DELETE FROM ${prefix}_approvals WHERE id IN (SELECT id FROM ${prefix}_approvals WHERE kept_until <= ? LIMIT ?)`);

  return {
    insert(row, now) {
      const known = [
        ...ofAsker.all(askerKey(row.asker)).map(toRow),
        ...row.approvers.flatMap((userId) => listPending(userId, now)),
      ];
      const answer = admitted(row, [...new Map(known.map((other) => [other.id, other])).values()], now);
      if (answer.outcome !== 'inserted') return answer;
      insert.run(toStored(row));
      for (const userId of row.approvers) insertApprover.run(userId, row.id);
      return answer;
    },
    change(id, change, now) {
      const row = get(id);
      if (row === null) return { outcome: 'absent' };
      const next = approvalChanged(row, change, now);
      if (next === null) return { outcome: 'refused', row };
      update.run(toStored(next));
      return { outcome: 'changed', row: next, from: row.status };
    },
    dropForSession(userId, sessionId) {
      dropForSession.run({ userId, sessionId });
    },
    dropForUser(userId, method) {
      if (method === null) dropForUser.run({ userId });
      else dropApprovedBy.run(userId, method);
    },
    deleteExpired: (now, limit) => deleteOver.run(now, limit).changes,
  };
}

function toRow(stored: string): ApprovalRow {
  return JSON.parse(stored) as ApprovalRow; // what `toStored` wrote
}

function toStored(row: ApprovalRow): Stored {
  const { id, asker, status, decision, keptUntil } = row;
  const approved = status === 'approved' ? decision : null;
  return {
    id,
    asker: askerKey(asker),
    userId: asker.userId,
    sessionId: asker.kind === 'session' ? asker.id : null,
    approvedBy: approved?.userId ?? null,
    approvedIn: approved?.sessionId ?? null,
    method: approved?.method ?? null,
    keptUntil,
    row: JSON.stringify(row),
  };
}
