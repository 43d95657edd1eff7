import type { EndedSession, SessionStore } from '../contract/sessions.js';
import type { Database, Statement } from './connection.js';
import { deleteInOrder, deleteSome } from './in-order.js';
import { CAME_WITH_REFRESH, INSERT_ROW, LIVE, parameters, ROW, type StoredSession, toRow } from './session-row.js';
import { touchSessions } from './touch.js';

/** How many rows one statement deletes, and so has locked, at most. */
const BATCH = 1_000;

const FROM = `SELECT ${ROW} FROM stepgate_sessions s`;
const ENDED = 'RETURNING id, user_id AS "userId"';

type Rows = Statement<StoredSession>;
type Ended = Statement<EndedSession>;

// Nearly every request carries the current token: the second index is looked at only when the first gave nothing.
const FIND: Rows = {
  name: 'find',
  text: `${FROM} WHERE s.token_hash = $1 UNION ALL ${FROM} WHERE s.previous_token_hash = $1 LIMIT 1`,
};
const GET: Rows = { name: 'get', text: `${FROM} WHERE s.id = $1` };
const LIST_FOR_USER: Rows = {
  name: 'list_for_user',
  text: `${FROM} WHERE s.user_id = $2 AND ${LIVE} ORDER BY s.last_seen_at DESC, s.created_at DESC, s.id`,
};
const LIST: Rows = {
  name: 'list',
  text: `${FROM} WHERE s.id > $2 AND ${LIVE} ORDER BY s.id LIMIT $3`,
};
const NOT_BEFORE: Statement<{ readonly notBefore: number }> = {
  name: 'not_before',
  text: 'SELECT not_before::float8 AS "notBefore" FROM stepgate_not_before WHERE user_id = $1',
};
const RAISE_NOT_BEFORE: Statement<never> = {
  name: 'raise_not_before',
  text: `INSERT INTO stepgate_not_before AS n (user_id, not_before) VALUES ($1, $2)
    ON CONFLICT (user_id) DO UPDATE SET not_before = greatest(n.not_before, excluded.not_before)`,
};
const INSERT: Statement<never> = { name: 'insert', text: INSERT_ROW };
// The session that the new one replaces, and the user's oldest beyond those that may stay.
const END_FOR_NEW: Statement<EndedSession & { readonly isReplaced: boolean }> = {
  name: 'end_for_new',
  text: `WITH replaced AS MATERIALIZED (
      SELECT s.id FROM stepgate_sessions s WHERE s.token_hash = $5 OR s.previous_token_hash = $5
    ), surplus AS MATERIALIZED (
      SELECT s.id FROM stepgate_sessions s
      WHERE $4::int8 IS NOT NULL AND s.user_id = $2 AND s.id <> $3 AND ${LIVE} AND s.id NOT IN (SELECT id FROM replaced)
      ORDER BY s.created_at DESC, s.id DESC OFFSET $4
    )
    ${deleteInOrder('stepgate_sessions', 'id', 'id IN (SELECT id FROM replaced UNION ALL SELECT id FROM surplus)')}
    RETURNING id, user_id AS "userId", id IN (SELECT id FROM replaced) AS "isReplaced"`,
};
const REVOKE: Ended = {
  name: 'revoke',
  text: `DELETE FROM stepgate_sessions WHERE id = $1 AND ($2::text IS NULL OR user_id = $2) ${ENDED}`,
};
const REVOKE_ALL: Ended = {
  name: 'revoke_all',
  text: `${deleteInOrder('stepgate_sessions', 'id', 'user_id = $1 AND id IS DISTINCT FROM $2')} ${ENDED}`,
};
const ROTATE: Statement<never> = {
  name: 'rotate',
  text: `UPDATE stepgate_sessions s SET
      previous_token_hash = s.token_hash, token_hash = $6, token_nonce = NULL, token_method = NULL,
      token_confirmed_at = NULL,
      parent_refresh_hash = s.refresh_hash, refresh_hash = $4, refresh_nonce = $5, refreshed_at = $1,
      refresh_confirmed_at = NULL, last_seen_at = greatest(s.last_seen_at, $1),
      idle_expires_at = greatest(s.idle_expires_at, least($7, s.expires_at)), step_up_proofs = '{}'
    WHERE s.id = $2 AND s.refresh_hash = $3 AND ${LIVE}`,
};
// The presented token is current, or it is the previous one of a replacement that nobody has seen yet, and that no
// other method's step-up made.
const STEP_UP: Rows = {
  name: 'step_up',
  text: `UPDATE stepgate_sessions s SET
      token_hash = CASE WHEN s.token_hash = $3 OR s.token_method IS NULL THEN $5 ELSE s.token_hash END,
      token_nonce = CASE WHEN s.token_hash = $3 OR s.token_method IS NULL THEN $4 ELSE s.token_nonce END,
      token_method = $6, previous_token_hash = $3, token_confirmed_at = NULL,
      refresh_confirmed_at = coalesce(s.refresh_confirmed_at,
        CASE WHEN s.token_hash = $3 AND ${CAME_WITH_REFRESH} THEN $1::int8 END),
      step_up_proofs = CASE WHEN $7::int8 IS NULL THEN s.step_up_proofs ELSE s.step_up_proofs
        || jsonb_build_object($6::text, greatest($7::int8, (s.step_up_proofs ->> $6::text)::int8)) END
    WHERE s.id = $2 AND ${LIVE}
      AND (s.token_hash = $3 OR (s.previous_token_hash = $3 AND s.token_confirmed_at IS NULL
        AND (s.token_method IS NULL OR s.token_method = $6)))
    RETURNING ${ROW}`,
};
const DROP_PROOFS: Statement<never> = {
  name: 'drop_proofs',
  text: "UPDATE stepgate_sessions SET sign_in_proofs = '{}', step_up_proofs = '{}' WHERE id = $1",
};
const REPLACE: Statement<never> = {
  name: 'replace',
  text: `UPDATE stepgate_sessions s SET
      token_hash = $5, previous_token_hash = NULL, token_nonce = NULL, token_method = NULL,
      token_confirmed_at = $1,
      refresh_hash = $6, parent_refresh_hash = NULL, refresh_nonce = NULL,
      refreshed_at = CASE WHEN $6::text IS NULL THEN NULL ELSE $1::int8 END,
      refresh_confirmed_at = CASE WHEN $6::text IS NULL THEN NULL ELSE $1::int8 END,
      sign_in_proofs = '{}', step_up_proofs = '{}'
    WHERE s.id = $2 AND s.user_id = $3 AND s.token_hash = $4 AND ${LIVE}`,
};
const DELETE_OVER: Statement<never> = {
  name: 'delete_over',
  text: deleteSome('stepgate_sessions', 'id', 'least(idle_expires_at, expires_at)', '<='),
};
const DELETE_NOT_BEFORE: Statement<never> = {
  name: 'delete_not_before',
  text: deleteSome('stepgate_not_before', 'user_id', 'not_before', '<'),
};

export function postgresSessions(db: Database): SessionStore {
  async function one(statement: Rows, values: readonly unknown[]) {
    const [stored] = (await db.read(statement, values)).rows;
    return stored === undefined ? null : toRow(stored);
  }

  return {
    insert({ row, replaces, cap, now }) {
      const { id, userId, authenticatedAt } = row;
      const values = parameters(row);
      const kept = cap === null ? null : Math.max(0, cap - 1);
      return db.locked('user', userId, async (connection) => {
        const [user] = (await connection.run(NOT_BEFORE, [userId])).rows;
        if (user !== undefined && authenticatedAt <= user.notBefore) return { outcome: 'refused' };
        await connection.run(INSERT, values);
        const isAlone = replaces === null && kept === null;
        const ended = isAlone ? [] : (await connection.run(END_FOR_NEW, [now, userId, id, kept, replaces])).rows;
        const replaced = ended.find(({ isReplaced }) => isReplaced);
        return {
          outcome: 'inserted',
          replaced: replaced === undefined ? null : endedSession(replaced),
          evicted: ended.filter(({ isReplaced }) => !isReplaced).map(endedSession),
        };
      });
    },
    find: (tokenHash) => one(FIND, [tokenHash]),
    get: (id) => one(GET, [id]),
    listForUser: async (userId, now) => (await db.read(LIST_FOR_USER, [now, userId])).rows.map(toRow),
    list: async ({ limit, after, now }) => (await db.read(LIST, [now, after ?? '', limit])).rows.map(toRow),
    revoke: async (id, userId) => (await db.write(REVOKE, [id, userId])).rows[0] ?? null,
    revokeAllForUser: (userId, except, notBefore) =>
      db.locked('user', userId, async (connection) => {
        await connection.run(RAISE_NOT_BEFORE, [userId, notBefore]);
        return (await connection.run(REVOKE_ALL, [userId, except])).rows;
      }),
    touch: (touches, now) => touchSessions(db, touches, now),
    async rotateRefresh({ id, presented, successor, nonce, tokenHash, idleExpiresAt, now }) {
      const { count } = await db.write(ROTATE, [now, id, presented, successor, nonce, tokenHash, idleExpiresAt]);
      return count === 1;
    },
    async recordStepUp({ id, presented, nonce, tokenHash, method, verifiedAt, now }) {
      const [stored] = (await db.write(STEP_UP, [now, id, presented, nonce, tokenHash, method, verifiedAt])).rows;
      return stored === undefined ? { outcome: 'lost' } : { outcome: 'recorded', row: toRow(stored) };
    },
    dropProofs: async (id) => (await db.write(DROP_PROOFS, [id])).count === 1,
    replaceCredentials: ({ id, userId, presented, tokenHash, refreshHash, now }) =>
      db.locked('user', userId, async (connection) => {
        const replaced = await connection.run(REPLACE, [now, id, userId, presented, tokenHash, refreshHash]);
        if (replaced.count === 0) return { outcome: 'lost' };
        await connection.run(RAISE_NOT_BEFORE, [userId, now]);
        return { outcome: 'replaced', ended: (await connection.run(REVOKE_ALL, [userId, id])).rows };
      }),
    async deleteExpired(now, notBefore, limit) {
      while ((await db.write(DELETE_NOT_BEFORE, [notBefore, BATCH])).count === BATCH);
      return (await db.write(DELETE_OVER, [now, limit])).count;
    },
  };
}

function endedSession({ id, userId }: EndedSession): EndedSession {
  return { id, userId };
}
