import type { Database } from 'better-sqlite3';
import { isBeyond } from '../../internal/clock.js';
import type { AttemptCount, AttemptCounter, AttemptRow, AttemptStore } from '../contract/attempts.js';
import type { Synchronous } from './operations.js';

export type AttemptReads = Synchronous<Pick<AttemptStore, 'read'>>;
export type AttemptWrites = Synchronous<Omit<AttemptStore, keyof AttemptReads | 'copy'>>;

export function attemptReads(db: Database, prefix: string): AttemptReads {
  const read = db.prepare<[{ readonly userId: string; readonly keys: string; readonly now: number }], AttemptCount>(`
    SELECT counter.key, count, ends_at AS endsAt
    FROM json_each(@keys) AS asked CROSS JOIN ${prefix}_attempts AS counter ON counter.key = asked.value
    WHERE user_id = @userId AND (ends_at IS NULL OR ends_at > @now) ORDER BY asked.key`);
  return {
    read: (userId, keys, now) => read.all({ userId, keys: JSON.stringify(keys), now }),
  };
}

/** Each runs inside the one write transaction of the file, so that nothing comes between its look and its writing. */
export function attemptWrites(db: Database, prefix: string): AttemptWrites {
  const { read } = attemptReads(db, prefix);
  const put = db.prepare<[AttemptRow]>(`
    INSERT OR REPLACE INTO ${prefix}_attempts (user_id, key, count, ends_at) VALUES (@userId, @key, @count, @endsAt)`);
  const clear = db.prepare<[string, string]>(`DELETE FROM ${prefix}_attempts WHERE user_id = ? AND key = ?`);
  const refund = db.prepare<[string, string]>(
    `UPDATE ${prefix}_attempts SET count = max(0, count - 1) WHERE user_id = ? AND key = ?`,
  );
  const dropForUser = db.prepare<[string]>(`DELETE FROM ${prefix}_attempts WHERE user_id = ?`);
  const deleteOver = db.prepare<[number, number]>(`
    DELETE FROM ${prefix}_attempts WHERE (user_id, key) IN
      (SELECT user_id, key FROM ${prefix}_attempts WHERE ends_at <= ? LIMIT ?)`);

  function liveAndBelieved(userId: string, { key, window }: AttemptCounter, now: number): AttemptCount | null {
    const [counter = null] = read(userId, [key], now);
    return counter?.endsAt != null && window !== null && isBeyond(counter.endsAt, window, now) ? null : counter;
  }

  return {
    count(userId, counters, now) {
      for (const counter of counters) {
        const { limit } = counter;
        const at = liveAndBelieved(userId, counter, now);
        if (at !== null && limit !== null && at.count >= limit) return { outcome: 'refused', at };
      }
      const counts = counters.map((counter): AttemptCount => {
        const { key, window } = counter;
        const at = liveAndBelieved(userId, counter, now) ?? { count: 0, endsAt: window === null ? null : now + window };
        const next = { key, count: at.count + 1, endsAt: at.endsAt };
        put.run({ userId, ...next });
        return next;
      });
      return { outcome: 'counted', counts };
    },
    reset(userId, reset) {
      for (const key of reset.clear) clear.run(userId, key);
      for (const key of reset.refund) refund.run(userId, key);
    },
    dropForUser(userId) {
      dropForUser.run(userId);
    },
    deleteExpired(now, limit) {
      return deleteOver.run(now, limit).changes;
    },
  };
}
