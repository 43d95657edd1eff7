import { isBeyond } from '../../internal/clock.js';
import type { AttemptCount, AttemptStore } from '../contract/attempts.js';
import type { Claimable } from '../contract/realm.js';
import type { Database, Statement } from './connection.js';
import { deleteBatch } from './locked-delete.js';

const READ: Statement<AttemptCount> = {
  name: 'attempt_read',
  text: (p) => `SELECT a.key, a.count::float8 AS count, a.ends_at::float8 AS "endsAt" FROM ${p}_attempts a
    WHERE a.user_id = $1 AND a.key = ANY ($2::text[]) AND (a.ends_at IS NULL OR a.ends_at > $3)
    ORDER BY array_position($2::text[], a.key)`,
};
const PUT: Statement<never> = {
  name: 'attempt_put',
  text: (p) => `INSERT INTO ${p}_attempts (user_id, key, count, ends_at)
    SELECT $1, * FROM unnest($2::text[], $3::int4[], $4::int8[])
    ON CONFLICT (user_id, key) DO UPDATE SET count = excluded.count, ends_at = excluded.ends_at`,
};
const CLEAR: Statement<never> = {
  name: 'attempt_clear',
  text: (p) => `DELETE FROM ${p}_attempts WHERE user_id = $1 AND key = ANY ($2::text[])`,
};
const REFUND: Statement<never> = {
  name: 'attempt_refund',
  text: (p) => `UPDATE ${p}_attempts SET count = greatest(0, count - 1) WHERE user_id = $1 AND key = ANY ($2::text[])`,
};
const DROP_FOR_USER: Statement<never> = {
  name: 'attempt_drop_user',
  text: (p) => `DELETE FROM ${p}_attempts WHERE user_id = $1`,
};
const DELETE_OVER: Statement<never> = {
  name: 'attempt_delete_over',
  text: (p) => deleteBatch(`${p}_attempts`, 'user_id, key', 'ends_at', '<='),
};

/** All that writes several counters of a user has the user's lock, and so needs no order among them. */
export function postgresAttempts(db: Database, claimable: Claimable): AttemptStore {
  return {
    ...claimable,
    read: async (userId, keys, now) => (await db.read(READ, [userId, keys, now])).rows,
    count(userId, counters, now) {
      const asked = counters.map((counter) => ({ ...counter }));
      const keys = asked.map(({ key }) => key);
      return db.locked(['user', userId], async ({ run, runLast }) => {
        const live = new Map((await run(READ, [userId, keys, now])).rows.map((count) => [count.key, count]));
        const counts: AttemptCount[] = [];
        for (const { key, limit, window } of asked) {
          const stored = live.get(key);
          const isBelieved = stored?.endsAt == null || window === null || !isBeyond(stored.endsAt, window, now);
          const at = isBelieved ? stored : undefined;
          if (at !== undefined && limit !== null && at.count >= limit) return { outcome: 'refused', at };
          const endsAt = window === null ? null : now + window;
          counts.push({ key, count: (at?.count ?? 0) + 1, endsAt: at === undefined ? endsAt : at.endsAt });
        }
        await runLast(PUT, [userId, keys, counts.map(({ count }) => count), counts.map((count) => count.endsAt)]);
        return { outcome: 'counted', counts };
      });
    },
    reset(userId, reset) {
      const [clear, refund] = [[...reset.clear], [...reset.refund]];
      return db.locked(['user', userId], async ({ run, runLast }) => {
        await run(CLEAR, [userId, clear]);
        await runLast(REFUND, [userId, refund]);
      });
    },
    dropForUser: (userId) =>
      db.locked(['user', userId], async ({ run }) => {
        await run(DROP_FOR_USER, [userId]);
      }),
    deleteExpired: async (now, limit) => (await db.write(DELETE_OVER, [now, limit])).count,
  };
}
