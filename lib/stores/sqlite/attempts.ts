import type { Database } from 'better-sqlite3';
import type { AttemptCount, AttemptStore } from '../contract/attempts.js';
import type { Synchronous } from './synchronous.js';

export type AttemptReads = Synchronous<Pick<AttemptStore, 'read'>>;
export type AttemptWrites = Synchronous<Omit<AttemptStore, keyof AttemptReads | 'copy'>>;

const LIVE = '(ends_at IS NULL OR ends_at > @now)';

interface Counting {
  readonly userId: string;
  readonly key: string;
  readonly now: number;
  readonly endsAt: number | null;
}

export function attemptReads(db: Database): AttemptReads {
  const read = db.prepare<[{ readonly userId: string; readonly keys: string; readonly now: number }], AttemptCount>(`
    SELECT counter.key, count, ends_at AS endsAt
    FROM json_each(@keys) AS asked CROSS JOIN stepgate_attempts AS counter ON counter.key = asked.value
    WHERE user_id = @userId AND ${LIVE} ORDER BY asked.key`);
  return {
    read: (userId, keys, now) => read.all({ userId, keys: JSON.stringify(keys), now }),
  };
}

/** Each runs inside the one write transaction of the file, so that nothing comes between its look and its writing. */
export function attemptWrites(db: Database): AttemptWrites {
  const { read } = attemptReads(db);
  const count = db.prepare<[Counting], AttemptCount>(`
    INSERT INTO stepgate_attempts (user_id, key, count, ends_at) VALUES (@userId, @key, 1, @endsAt)
    ON CONFLICT (user_id, key) DO UPDATE SET
      count = iif(${LIVE}, count + 1, 1), ends_at = iif(${LIVE}, ends_at, excluded.ends_at)
    RETURNING key, count, ends_at AS endsAt`);
  const clear = db.prepare<[string, string]>('DELETE FROM stepgate_attempts WHERE user_id = ? AND key = ?');
  const release = db.prepare<[string, string]>(
    'UPDATE stepgate_attempts SET count = max(0, count - 1) WHERE user_id = ? AND key = ?',
  );
  const dropForUser = db.prepare<[string]>('DELETE FROM stepgate_attempts WHERE user_id = ?');
  const deleteOver = db.prepare<[number, number]>(`
    DELETE FROM stepgate_attempts WHERE (user_id, key) IN
      (SELECT user_id, key FROM stepgate_attempts WHERE ends_at <= ? LIMIT ?)`);

  return {
    count(userId, counters, now) {
      for (const { key, limit } of counters) {
        const [at] = read(userId, [key], now);
        if (at !== undefined && limit !== null && at.count >= limit) return { outcome: 'refused', at };
      }
      const counts = counters.flatMap(({ key, window }) => {
        return count.get({ userId, key, now, endsAt: window === null ? null : now + window }) ?? [];
      });
      return { outcome: 'counted', counts };
    },
    settle(userId, settle) {
      for (const key of settle.clear) clear.run(userId, key);
      for (const key of settle.release) release.run(userId, key);
    },
    dropForUser(userId) {
      dropForUser.run(userId);
    },
    deleteExpired(now, limit) {
      return deleteOver.run(now, limit).changes;
    },
  };
}
