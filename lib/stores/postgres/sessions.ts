import { PAGE_SIZE, pages } from '../contract/copy.js';
import type { Claimable } from '../contract/realm.js';
import { changed, type SessionChange } from '../contract/session-state.js';
import type { EndedSession, SessionRow, SessionStore } from '../contract/sessions.js';
import type { Database, Run, Statement } from './connection.js';
import { insertSession } from './insert.js';
import { deleteBatch, deleteInOrder } from './locked-delete.js';
import { raiseNotBefore } from './not-before.js';
import { changeable, changes, LIVE, ROW, type StoredSession, toRow, updateKnownRow, updateRow } from './session-row.js';
import { touchSessions } from './touch.js';

/** How many rows one statement deletes, and so has locked, at most. */
const BATCH = 1_000;

const from = (p: string): string => `SELECT ${ROW} FROM ${p}_sessions s`;
const ENDED = 'RETURNING id, user_id AS "userId"';

type Rows = Statement<StoredSession>;
type Ended = Statement<EndedSession>;

// Nearly every request carries the current token: the second index is looked at only when the first gave nothing.
const FIND: Rows = {
  name: 'find',
  text: (p) => `${from(p)} WHERE s.token_hash = $1 UNION ALL ${from(p)} WHERE s.previous_token_hash = $1 LIMIT 1`,
};
const GET: Rows = { name: 'get', text: (p) => `${from(p)} WHERE s.id = $1` };
const LIST_FOR_USER: Rows = {
  name: 'list_for_user',
  text: (p) => `${from(p)} WHERE s.user_id = $2 AND ${LIVE}
      AND ($4::int8 IS NULL OR (s.last_seen_at, s.created_at) < ($4, $5::int8)
        OR ((s.last_seen_at, s.created_at) = ($4, $5) AND s.id > $6))
    ORDER BY s.last_seen_at DESC, s.created_at DESC, s.id LIMIT $3`,
};
const LIST: Rows = {
  name: 'list',
  text: (p) => `${from(p)} WHERE s.id > $2 AND ${LIVE} ORDER BY s.id LIMIT $3`,
};
const REVOKE: Ended = {
  name: 'revoke',
  text: (p) => `DELETE FROM ${p}_sessions WHERE id = $1 AND ($2::text IS NULL OR user_id = $2) ${ENDED}`,
};
const REVOKE_ALL: Ended = {
  name: 'revoke_all',
  text: (p) => `${deleteInOrder(`${p}_sessions`, 'id', 'user_id = $1 AND id IS DISTINCT FROM $2')} ${ENDED}`,
};
const GET_LOCKED: Rows = { name: 'get_locked', text: (p) => `${from(p)} WHERE s.id = $1 FOR UPDATE` };
// Locks all of the user's sessions, and gives the one.
const GET_OF_LOCKED_USER: Rows = {
  name: 'get_of_locked_user',
  text: (p) => `WITH locked AS MATERIALIZED (
      SELECT * FROM ${p}_sessions WHERE user_id = $1 ORDER BY id FOR UPDATE
    ) SELECT ${ROW} FROM locked s WHERE s.id = $2`,
};
const UPDATE: Statement<never> = { name: 'update', text: updateRow };
const UPDATE_KNOWN: Statement<never> = { name: 'update_known', text: updateKnownRow };
const PAGE_OF_USER: Rows = {
  name: 'page_of_user',
  text: (p) => `${from(p)} WHERE s.user_id = $1 AND s.id > $2 ORDER BY s.id LIMIT ${PAGE_SIZE}`,
};
const DELETE_OVER: Statement<never> = {
  name: 'delete_over',
  text: (p) => deleteBatch(`${p}_sessions`, 'id', 'least(idle_expires_at, expires_at)', '<='),
};
const DELETE_NOT_BEFORE: Statement<never> = {
  name: 'delete_not_before',
  text: (p) => deleteBatch(`${p}_not_before`, 'user_id', 'not_before', '<'),
};

export function postgresSessions(db: Database, claimable: Claimable): SessionStore {
  async function one(statement: Rows, values: readonly unknown[]): Promise<SessionRow | null> {
    const [stored] = (await db.read(statement, values)).rows;
    return stored === undefined ? null : toRow(stored);
  }

  async function change(id: string, asked: SessionChange, now: number, known?: SessionRow): Promise<SessionRow | null> {
    const copy = { ...asked };
    const next = known === undefined ? null : changed(known, copy, now);
    if (known !== undefined && next !== null) {
      const both = [id, ...changeable(next), ...changeable(known)];
      const { count } = await db.transaction(({ runLast }) => runLast(UPDATE_KNOWN, both));
      if (count === 1) return next; // else it is another by now
    }
    return db.transaction(async (connection) => {
      const [stored] = (await connection.run(GET_LOCKED, [id])).rows;
      return changeLocked(connection.runLast, stored, copy, now);
    });
  }

  return {
    ...claimable,
    insert: (session) => insertSession(db, session),
    find: (tokenHash) => one(FIND, [tokenHash]),
    get: (id) => one(GET, [id]),
    async listForUser({ userId, limit, after, now }) {
      const values = [now, userId, limit, after?.lastSeenAt ?? null, after?.createdAt ?? null, after?.id ?? null];
      return (await db.read(LIST_FOR_USER, values)).rows.map(toRow);
    },
    list: async ({ limit, after, now }) => (await db.read(LIST, [now, after ?? '', limit])).rows.map(toRow),
    revoke: async (id, userId) => (await db.write(REVOKE, [id, userId])).rows[0] ?? null,
    revokeAllForUser: (userId, except, notBefore) =>
      db.locked(['user', userId], async (connection) => {
        await raiseNotBefore(connection, userId, notBefore);
        return (await connection.runLast(REVOKE_ALL, [userId, except])).rows;
      }),
    touch: (touches, now) => touchSessions(db, touches, now),
    change,
    async changeAllOfUser(userId, asked, now) {
      const copy = { ...asked };
      const altered: string[] = [];
      const all = pages<SessionRow>(async (last) =>
        (await db.read(PAGE_OF_USER, [userId, last?.id ?? ''])).rows.map(toRow),
      );
      for await (const page of all) {
        for (const row of page) {
          const next = changed(row, copy, now);
          if (next !== null && changes(row, next)) altered.push(row.id);
        }
      }
      for (const id of altered) await change(id, copy, now);
    },
    replaceCredentials(id, asked, now) {
      const copy = { ...asked };
      const { userId } = copy;
      return db.locked(['user', userId], async (connection) => {
        const [stored] = (await connection.run(GET_OF_LOCKED_USER, [userId, id])).rows;
        const row = await changeLocked(connection.run, stored, copy, now);
        if (row === null) return { outcome: 'lost' };
        await raiseNotBefore(connection, userId, now);
        return { outcome: 'replaced', row, ended: (await connection.runLast(REVOKE_ALL, [userId, id])).rows };
      });
    },
    async deleteExpired(now, notBefore, limit) {
      while ((await db.write(DELETE_NOT_BEFORE, [notBefore, BATCH])).count === BATCH);
      return (await db.write(DELETE_OVER, [now, limit])).count;
    },
  };
}

/** Of a row that the transaction has locked. */
async function changeLocked(
  update: Run,
  stored: StoredSession | undefined,
  asked: SessionChange,
  now: number,
): Promise<SessionRow | null> {
  const row = stored === undefined ? null : toRow(stored);
  const next = row && changed(row, asked, now);
  if (row !== null && next !== null && changes(row, next)) await update(UPDATE, [row.id, ...changeable(next)]);
  return next;
}
