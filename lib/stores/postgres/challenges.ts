import type { ChallengeRow, ChallengeStore } from '../contract/challenges.js';
import type { Database, Statement } from './connection.js';
import { deleteInOrder, deleteSome } from './in-order.js';

const INSERT: Statement<never> = {
  name: 'challenge_insert',
  text: `INSERT INTO stepgate_challenges
      (id, session_id, user_id, purpose, methods, value, action_digest, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5::text[], $6, $7, $8, $9)`,
};
const DELETE_SURPLUS: Statement<never> = {
  name: 'challenge_surplus',
  text: deleteInOrder(
    'stepgate_challenges',
    'id',
    `id IN (SELECT id FROM stepgate_challenges WHERE session_id = $1 ORDER BY created_at DESC, id DESC OFFSET $2)`,
  ),
};
const TAKE: Statement<ChallengeRow> = {
  name: 'challenge_take',
  text: `DELETE FROM stepgate_challenges WHERE id = $1 AND session_id = $2 AND expires_at > $3
    RETURNING id, session_id AS "sessionId", user_id AS "userId", purpose, methods, value,
      action_digest AS "actionDigest", created_at::float8 AS "createdAt", expires_at::float8 AS "expiresAt"`,
};
const DROP_FOR_SESSION: Statement<never> = {
  name: 'challenge_drop_session',
  text: deleteInOrder('stepgate_challenges', 'id', 'session_id = $1'),
};
const DROP_FOR_USER: Statement<never> = {
  name: 'challenge_drop_user',
  text: deleteInOrder('stepgate_challenges', 'id', 'user_id = $1'),
};
const SPEND: Statement<never> = {
  name: 'challenge_spend',
  text: 'INSERT INTO stepgate_spent_challenges (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING',
};
const DELETE_OVER: Statement<never> = {
  name: 'challenge_delete_over',
  text: deleteSome('stepgate_challenges', 'id', 'expires_at', '<='),
};
const DELETE_SPENT: Statement<never> = {
  name: 'challenge_delete_spent',
  text: deleteSome('stepgate_spent_challenges', 'hash', 'expires_at', '<='),
};

export function postgresChallenges(db: Database): ChallengeStore {
  return {
    insert({ id, sessionId, userId, purpose, methods, value, actionDigest, createdAt, expiresAt }, max) {
      const values = [id, sessionId, userId, purpose, [...methods], value, actionDigest, createdAt, expiresAt];
      return db.locked('session', sessionId, async (connection) => {
        await connection.run(INSERT, values);
        await connection.run(DELETE_SURPLUS, [sessionId, max]);
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
