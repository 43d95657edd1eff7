import type { AttemptCount, AttemptStore } from '../contract/attempts.js';
import type { Database, Statement } from './connection.js';
import { deleteSome } from './in-order.js';

const COUNT = 'a.key, a.count::float8 AS count, a.ends_at::float8 AS "endsAt"';

const READ: Statement<AttemptCount> = {
  name: 'attempt_read',
  text: `SELECT ${COUNT} FROM stepgate_attempts a
    WHERE a.user_id = $1 AND a.key = ANY ($2::text[]) AND (a.ends_at IS NULL OR a.ends_at > $3)
    ORDER BY array_position($2::text[], a.key)`,
};
const ADD: Statement<AttemptCount> = {
  name: 'attempt_add',
  text: `INSERT INTO stepgate_attempts AS a (user_id, key, count, ends_at) VALUES ($1, $2, 1, $4)
    ON CONFLICT (user_id, key) DO UPDATE SET
      count = CASE WHEN a.ends_at <= $3 THEN 1 ELSE a.count + 1 END,
      ends_at = CASE WHEN a.ends_at <= $3 THEN excluded.ends_at ELSE a.ends_at END
    RETURNING ${COUNT}`,
};
const CLEAR: Statement<never> = {
  name: 'attempt_clear',
  text: 'DELETE FROM stepgate_attempts WHERE user_id = $1 AND key = ANY ($2::text[])',
};
const RELEASE: Statement<never> = {
  name: 'attempt_release',
  text: `UPDATE stepgate_attempts SET count = greatest(0, count - 1) WHERE user_id = $1 AND key = ANY ($2::text[])`,
};
const DROP_FOR_USER: Statement<never> = {
  name: 'attempt_drop_user',
  text: 'DELETE FROM stepgate_attempts WHERE user_id = $1',
};
const DELETE_OVER: Statement<never> = {
  name: 'attempt_delete_over',
  text: deleteSome('stepgate_attempts', 'user_id, key', 'ends_at', '<='),
};

/** All that writes several counters of a user has the user's lock, and so needs no order among them. */
export function postgresAttempts(db: Database): AttemptStore {
  return {
    read: async (userId, keys, now) => (await db.read(READ, [userId, keys, now])).rows,
    count(userId, counters, now) {
      const asked = counters.map((counter) => ({ ...counter }));
      const keys = asked.map(({ key }) => key);
      return db.locked('user', userId, async (connection) => {
        const counts = (await connection.run(READ, [userId, keys, now])).rows;
        for (const { key, limit } of asked) {
          const at = counts.find((count) => count.key === key);
          if (at !== undefined && limit !== null && at.count >= limit) return { outcome: 'refused', at };
        }
        const added: AttemptCount[] = [];
        for (const { key, window } of asked) {
          const endsAt = window === null ? null : now + window;
          added.push(...(await connection.run(ADD, [userId, key, now, endsAt])).rows);
        }
        return { outcome: 'counted', counts: added };
      });
    },
    settle(userId, settle) {
      const [clear, release] = [[...settle.clear], [...settle.release]];
      return db.locked('user', userId, async (connection) => {
        await connection.run(CLEAR, [userId, clear]);
        await connection.run(RELEASE, [userId, release]);
      });
    },
    dropForUser: (userId) =>
      db.locked('user', userId, async (connection) => {
        await connection.run(DROP_FOR_USER, [userId]);
      }),
    deleteExpired: async (now, limit) => (await db.write(DELETE_OVER, [now, limit])).count,
  };
}
