import type { GrantRow, GrantStore } from '../contract/grants.js';
import type { Claimable } from '../contract/realm.js';
import type { Database, Statement } from './connection.js';
import { deleteBatch, deleteInOrder } from './locked-delete.js';

const KEY = 'session_id, action_digest';
const MARK_KEY = 'user_id, action';

const INSERT: Statement<never> = {
  name: 'grant_insert',
  text: (
    p,
  ) => `INSERT INTO ${p}_grants (session_id, action_digest, user_id, challenge_id, method, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (session_id, action_digest) DO UPDATE SET user_id = excluded.user_id,
      challenge_id = excluded.challenge_id, method = excluded.method, created_at = excluded.created_at, expires_at = excluded.expires_at`,
};
const TAKE: Statement<GrantRow> = {
  name: 'grant_take',
  text: (p) => `WITH taken AS (
      DELETE FROM ${p}_grants
      WHERE session_id = $1 AND action_digest = $2 AND expires_at > $5 AND created_at - $5 <= expires_at - created_at
      RETURNING *
    ), marked AS (
      INSERT INTO ${p}_spent_actions (user_id, action, spent_at, expires_at) SELECT $3, $4, $5, $6 FROM taken
      ON CONFLICT (user_id, action) DO UPDATE SET spent_at = excluded.spent_at, expires_at = excluded.expires_at
    )
    SELECT session_id AS "sessionId", action_digest AS "actionDigest", user_id AS "userId",
      challenge_id AS "challengeId", method, created_at::float8 AS "createdAt", expires_at::float8 AS "expiresAt" FROM taken`,
};
// A second statement, not a part of the first: that one would still see what was committed before it waited.
const SPENT_AT: Statement<{ readonly spentAt: number }> = {
  name: 'grant_spent_at',
  text: (p) => `SELECT spent_at::float8 AS "spentAt" FROM ${p}_spent_actions
    WHERE user_id = $1 AND action = $2 AND expires_at > $3`,
};
const DROP_FOR_CHALLENGE: Statement<never> = {
  name: 'grant_drop_challenge',
  text: (p) => deleteInOrder(`${p}_grants`, KEY, 'session_id = $1 AND challenge_id = $2'),
};
const DROP_FOR_SESSION: Statement<never> = {
  name: 'grant_drop_session',
  text: (p) => deleteInOrder(`${p}_grants`, KEY, 'session_id = $1'),
};
const DROP_FOR_USER: Statement<never> = {
  name: 'grant_drop_user',
  text: (p) => deleteInOrder(`${p}_grants`, KEY, 'user_id = $1 AND ($2::text IS NULL OR method = $2)'),
};
const DROP_MARKS: Statement<never> = {
  name: 'grant_drop_marks',
  text: (p) => deleteInOrder(`${p}_spent_actions`, MARK_KEY, 'user_id = $1'),
};
const DELETE_OVER: Statement<never> = {
  name: 'grant_delete_over',
  text: (p) => deleteBatch(`${p}_grants`, KEY, 'expires_at', '<='),
};
const DELETE_MARKS: Statement<never> = {
  name: 'grant_delete_marks',
  text: (p) => deleteBatch(`${p}_spent_actions`, MARK_KEY, 'expires_at', '<='),
};

export function postgresGrants(db: Database, claimable: Claimable): GrantStore {
  return {
    ...claimable,
    async insert({ sessionId, actionDigest, userId, challengeId, method, createdAt, expiresAt }) {
      await db.write(INSERT, [sessionId, actionDigest, userId, challengeId, method, createdAt, expiresAt]);
    },
    async take({ sessionId, userId, actionDigest, action, markedUntil, now }) {
      const [row] = (await db.write(TAKE, [sessionId, actionDigest, userId, action, now, markedUntil])).rows;
      if (row !== undefined) return { outcome: 'taken', row };
      const [mark] = (await db.read(SPENT_AT, [userId, action, now])).rows;
      return mark === undefined ? { outcome: 'none' } : { outcome: 'spent', spentAt: mark.spentAt };
    },
    async dropForChallenge(sessionId, challengeId) {
      await db.write(DROP_FOR_CHALLENGE, [sessionId, challengeId]);
    },
    async dropForSession(sessionId) {
      await db.write(DROP_FOR_SESSION, [sessionId]);
    },
    // First the grants, then the marks, as `take` does.
    dropForUser: (userId, method) =>
      db.transaction(async ({ run, runLast }) => {
        await run(DROP_FOR_USER, [userId, method]);
        if (method === null) await runLast(DROP_MARKS, [userId]);
      }),
    async deleteExpired(now, limit) {
      const over = await db.write(DELETE_OVER, [now, limit]);
      return over.count + (await db.write(DELETE_MARKS, [now, limit])).count;
    },
  };
}
