import type { ChallengeRow, ChallengeStore } from '../contract/challenges.js';
import type { Claimable } from '../contract/realm.js';
import type { Database, Statement } from './connection.js';
import { deleteBatch, deleteInOrder } from './locked-delete.js';

const INSERT: Statement<never> = {
  name: 'challenge_insert',
  text: (p) => `INSERT INTO ${p}_challenges
      (id, session_id, user_id, purpose, methods, value, action_digest, action_mark, generation, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5::text[], $6, $7, $8, $9, $10, $11)`,
};
const DELETE_SURPLUS: Statement<never> = {
  name: 'challenge_surplus',
  text: (p) =>
    deleteInOrder(
      `${p}_challenges`,
      'id',
      `id IN (SELECT id FROM ${p}_challenges WHERE session_id = $1 ORDER BY created_at DESC, id DESC OFFSET $2)`,
    ),
};
const TAKE: Statement<ChallengeRow> = {
  name: 'challenge_take',
  text: (p) => `DELETE FROM ${p}_challenges WHERE id = $1 AND session_id = $2
      AND expires_at > $3 AND created_at - $3 <= expires_at - created_at
    RETURNING id, session_id AS "sessionId", user_id AS "userId", purpose, to_jsonb(methods) AS methods, value,
      action_digest AS "actionDigest", action_mark AS "actionMark", generation::float8 AS generation,
      created_at::float8 AS "createdAt", expires_at::float8 AS "expiresAt"`,
};
const DROP_FOR_SESSION: Statement<never> = {
  name: 'challenge_drop_session',
  text: (p) => deleteInOrder(`${p}_challenges`, 'id', 'session_id = $1'),
};
const DROP_FOR_USER: Statement<never> = {
  name: 'challenge_drop_user',
  text: (p) => deleteInOrder(`${p}_challenges`, 'id', 'user_id = $1'),
};
const SPEND: Statement<never> = {
  name: 'challenge_spend',
  text: (p) => `INSERT INTO ${p}_spent_challenges (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
};
const DELETE_OVER: Statement<never> = {
  name: 'challenge_delete_over',
  text: (p) => deleteBatch(`${p}_challenges`, 'id', 'expires_at', '<='),
};
const DELETE_SPENT: Statement<never> = {
  name: 'challenge_delete_spent',
  text: (p) => deleteBatch(`${p}_spent_challenges`, 'hash', 'expires_at', '<='),
};

export function postgresChallenges(db: Database, claimable: Claimable): ChallengeStore {
  return {
    ...claimable,
    insert(row, max) {
      const { id, sessionId, userId, purpose, methods, value, generation, createdAt, expiresAt } = row;
      const bound = [id, sessionId, userId, purpose, [...methods], value, row.actionDigest, row.actionMark];
      const values = [...bound, generation, createdAt, expiresAt];
      return db.locked(['session', sessionId], async (connection) => {
        await connection.run(INSERT, values);
        await connection.runLast(DELETE_SURPLUS, [sessionId, max]);
      });
    },
    take: async (sessionId, id, now) => (await db.write(TAKE, [id, sessionId, now])).rows[0] ?? null,
    async dropForSession(sessionId) {
      await db.write(DROP_FOR_SESSION, [sessionId]);
    },
    async dropForUser(userId) {
      await db.write(DROP_FOR_USER, [userId]);
    },
    spend: async (hash, expiresAt) => (await db.write(SPEND, [hash, expiresAt])).count === 1,
    async deleteExpired(now, limit) {
      const over = await db.write(DELETE_OVER, [now, limit]);
      return over.count + (await db.write(DELETE_SPENT, [now, limit])).count;
    },
  };
}
