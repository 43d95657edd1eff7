import { admitted, approvalChanged, askerKey, byAge, statusAt } from '../contract/approval-state.js';
import type { ApprovalRow, ApprovalStore } from '../contract/approvals.js';
import type { Claimable } from '../contract/realm.js';
import type { Database, Statement } from './connection.js';
import { deleteBatch, deleteInOrder } from './locked-delete.js';

// A row is one JSON text; what it is looked for by stands beside it.

interface Stored {
  readonly row: string;
}

const GET: Statement<Stored> = {
  name: 'approval_get',
  text: (p) => `SELECT "row" FROM ${p}_approvals WHERE id = $1`,
};
const LOCK: Statement<Stored> = {
  name: 'approval_lock',
  text: (p) => `SELECT "row" FROM ${p}_approvals WHERE id = $1 FOR UPDATE`,
};
const WAITING: Statement<Stored> = {
  name: 'approval_waiting',
  text: (p) =>
    `SELECT a."row" FROM ${p}_approvers o JOIN ${p}_approvals a ON a.id = o.approval_id WHERE o.user_id = $1`,
};
const KNOWN: Statement<Stored> = {
  name: 'approval_known',
  text: (p) => `SELECT "row" FROM ${p}_approvals WHERE asker = $1
    UNION SELECT a."row" FROM ${p}_approvers o JOIN ${p}_approvals a ON a.id = o.approval_id
    WHERE o.user_id = ANY ($2::text[])`,
};
const INSERT: Statement<never> = {
  name: 'approval_insert',
  text: (
    p,
  ) => `INSERT INTO ${p}_approvals (id, asker, user_id, session_id, approved_by, approved_in, method, kept_until, "row")
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
};
const INSERT_APPROVERS: Statement<never> = {
  name: 'approval_approvers',
  text: (p) => `INSERT INTO ${p}_approvers (user_id, approval_id) SELECT unnest($2::text[]), $1`,
};
const UPDATE: Statement<never> = {
  name: 'approval_update',
  text: (p) => `UPDATE ${p}_approvals SET approved_by = $2, approved_in = $3, method = $4, "row" = $5 WHERE id = $1`,
};
const DROP_FOR_SESSION: Statement<never> = {
  name: 'approval_drop_session',
  text: (p) =>
    deleteInOrder(
      `${p}_approvals`,
      'id',
      '((user_id = $1 AND session_id = $2) OR (approved_by = $1 AND approved_in = $2))',
    ),
};
const DROP_APPROVED_BY: Statement<never> = {
  name: 'approval_drop_method',
  text: (p) => deleteInOrder(`${p}_approvals`, 'id', 'approved_by = $1 AND method = $2'),
};
const DROP_FOR_USER: Statement<never> = {
  name: 'approval_drop_user',
  text: (p) =>
    deleteInOrder(
      `${p}_approvals`,
      'id',
      `id IN (SELECT id FROM ${p}_approvals WHERE user_id = $1 UNION SELECT approval_id FROM ${p}_approvers WHERE user_id = $1)`,
    ),
};
const DELETE_OVER: Statement<never> = {
  name: 'approval_delete_over',
  text: (p) => deleteBatch(`${p}_approvals`, 'id', 'kept_until', '<='),
};

export function postgresApprovals(db: Database, claimable: Claimable): ApprovalStore {
  return {
    ...claimable,
    insert(given, now) {
      const row = structuredClone(given);
      // One lock for all: people decide on them, so that they are few.
      return db.locked(['approvals', ''], async ({ run, runLast }) => {
        const { rows } = await run(KNOWN, [askerKey(row.asker), row.approvers]);
        const answer = admitted(row, rows.map(toRow), now);
        if (answer.outcome !== 'inserted') return answer;
        const { id, asker, approvers, keptUntil } = row;
        const sessionId = asker.kind === 'session' ? asker.id : null;
        const [approvedBy, approvedIn, method, text] = stateOf(row);
        const kept = [approvedBy, approvedIn, method, keptUntil, text];
        await run(INSERT, [id, askerKey(asker), asker.userId, sessionId, ...kept]);
        await runLast(INSERT_APPROVERS, [id, approvers]);
        return answer;
      });
    },
    async get(id) {
      const [stored] = (await db.read(GET, [id])).rows;
      return stored === undefined ? null : toRow(stored);
    },
    async listPending(userId, now) {
      const rows = (await db.read(WAITING, [userId])).rows.map(toRow);
      return rows.filter((row) => statusAt(row, now) === 'pending').sort(byAge);
    },
    change(id, given, now) {
      const change = { ...given };
      return db.transaction(async ({ run, runLast }) => {
        const [stored] = (await run(LOCK, [id])).rows;
        if (stored === undefined) return { outcome: 'absent' };
        const row = toRow(stored);
        const next = approvalChanged(row, change, now);
        if (next === null) return { outcome: 'refused', row };
        await runLast(UPDATE, [id, ...stateOf(next)]);
        return { outcome: 'changed', row: next, from: row.status };
      });
    },
    async dropForSession(userId, sessionId) {
      await db.write(DROP_FOR_SESSION, [userId, sessionId]);
    },
    async dropForUser(userId, method) {
      if (method === null) await db.write(DROP_FOR_USER, [userId]);
      else await db.write(DROP_APPROVED_BY, [userId, method]);
    },
    deleteExpired: async (now, limit) => (await db.write(DELETE_OVER, [now, limit])).count,
  };
}

function toRow({ row }: Stored): ApprovalRow {
  return JSON.parse(row) as ApprovalRow; // what `stateOf` wrote
}

/** What a change writes. */
function stateOf(row: ApprovalRow): readonly [string | null, string | null, string | null, string] {
  const { status, decision } = row;
  const approved = status === 'approved' ? decision : null;
  return [approved?.userId ?? null, approved?.sessionId ?? null, approved?.method ?? null, JSON.stringify(row)];
}
