import type { GrantRow, GrantStore } from '../contract/grants.js';
import type { Database, Statement } from './connection.js';
import { deleteInOrder, deleteSome } from './in-order.js';

const KEY = 'session_id, action_digest';

const INSERT: Statement<never> = {
  name: 'grant_insert',
  text: `INSERT INTO stepgate_grants (session_id, action_digest, user_id, method, created_at, expires_at, spent)
    VALUES ($1, $2, $3, $4, $5, $6, false)
    ON CONFLICT (session_id, action_digest) DO UPDATE SET user_id = excluded.user_id, method = excluded.method,
      created_at = excluded.created_at, expires_at = excluded.expires_at, spent = false`,
};
const TAKE: Statement<GrantRow> = {
  name: 'grant_take',
  text: `UPDATE stepgate_grants SET spent = true
    WHERE session_id = $1 AND action_digest = $2 AND NOT spent AND expires_at > $3
    RETURNING session_id AS "sessionId", action_digest AS "actionDigest", user_id AS "userId", method,
      created_at::float8 AS "createdAt", expires_at::float8 AS "expiresAt"`,
};
// A second statement, not a part of the first: that one would still see the row as it was before.
const IS_SPENT: Statement<unknown> = {
  name: 'grant_is_spent',
  text: 'SELECT 1 FROM stepgate_grants WHERE session_id = $1 AND action_digest = $2 AND spent AND expires_at > $3',
};
const DROP_FOR_SESSION: Statement<never> = {
  name: 'grant_drop_session',
  text: deleteInOrder('stepgate_grants', KEY, 'session_id = $1'),
};
const DROP_FOR_USER: Statement<never> = {
  name: 'grant_drop_user',
  text: deleteInOrder('stepgate_grants', KEY, 'user_id = $1'),
};
const DELETE_OVER: Statement<never> = {
  name: 'grant_delete_over',
  text: deleteSome('stepgate_grants', KEY, 'expires_at', '<='),
};

export function postgresGrants(db: Database): GrantStore {
  return {
    async insert({ sessionId, actionDigest, userId, method, createdAt, expiresAt }) {
      await db.write(INSERT, [sessionId, actionDigest, userId, method, createdAt, expiresAt]);
    },
    async take(sessionId, actionDigest, now) {
      const [row] = (await db.write(TAKE, [sessionId, actionDigest, now])).rows;
      if (row !== undefined) return { outcome: 'taken', row };
      const spent = await db.read(IS_SPENT, [sessionId, actionDigest, now]);
      return { outcome: spent.count === 0 ? 'none' : 'spent' };
    },
    async dropForSession(sessionId) {
      await db.write(DROP_FOR_SESSION, [sessionId]);
    },
    async dropForUser(userId) {
      await db.write(DROP_FOR_USER, [userId]);
    },
    deleteExpired: async (now, limit) => (await db.write(DELETE_OVER, [now, limit])).count,
  };
}
