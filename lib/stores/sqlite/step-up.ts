import type { Database } from 'better-sqlite3';
import { isBeyond } from '../../internal/clock.js';
import type { AttemptCount, AttemptCounter, AttemptRow, AttemptStore } from '../contract/attempts.js';
import type { ChallengeRow, ChallengeStore } from '../contract/challenges.js';
import type { GrantRow, GrantStore, TakeGrant } from '../contract/grants.js';
import type { Synchronous } from './operations.js';

// What a step-up leaves for minutes: challenges, the grants that are made of them, and the attempts that were counted.

export type ChallengeWrites = Synchronous<ChallengeStore>;

interface Stored extends Omit<ChallengeRow, 'methods'> {
  /** JSON */
  readonly methods: string;
}

export function challengeWrites(db: Database, prefix: string): ChallengeWrites {
  const insertRow = db.prepare<[Stored]>(`
    INSERT INTO ${prefix}_challenges
      (id, session_id, user_id, purpose, methods, value, action_digest, action_mark, generation, created_at, expires_at)
    VALUES
      (@id, @sessionId, @userId, @purpose, @methods, @value, @actionDigest, @actionMark, @generation, @createdAt, @expiresAt)`);
  const deleteSurplus = db.prepare<[string, number]>(`
    DELETE FROM ${prefix}_challenges WHERE id IN (
      SELECT id FROM ${prefix}_challenges WHERE session_id = ? ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?)`);
  const take = db.prepare<[{ readonly id: string; readonly sessionId: string; readonly now: number }], Stored>(`
    DELETE FROM ${prefix}_challenges WHERE id = @id AND session_id = @sessionId
      AND expires_at > @now AND created_at - @now <= expires_at - created_at
    RETURNING id, session_id AS sessionId, user_id AS userId, purpose, methods, value,
      action_digest AS actionDigest, action_mark AS actionMark, generation, created_at AS createdAt, expires_at AS expiresAt`);
  const dropForSession = db.prepare<[string]>(`DELETE FROM ${prefix}_challenges WHERE session_id = ?`);
  const dropForUser = db.prepare<[string]>(`DELETE FROM ${prefix}_challenges WHERE user_id = ?`);
  const spend = db.prepare<[string, number]>(
    `INSERT INTO ${prefix}_spent_challenges (hash, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING`,
  );
  const deleteOver = db.prepare<[number, number]>(`
    DELETE FROM ${prefix}_challenges WHERE id IN (SELECT id FROM ${prefix}_challenges WHERE expires_at <= ? LIMIT ?)`);
  const deleteSpent = db.prepare<[number, number]>(`
    DELETE FROM ${prefix}_spent_challenges WHERE hash IN
      (SELECT hash FROM ${prefix}_spent_challenges WHERE expires_at <= ? LIMIT ?)`);

  return {
    insert(row, max) {
      insertRow.run({ ...row, methods: JSON.stringify(row.methods) });
      deleteSurplus.run(row.sessionId, max);
    },
    take(sessionId, id, now) {
      const stored = take.get({ id, sessionId, now });
      if (stored === undefined) return null;
      return { ...stored, methods: JSON.parse(stored.methods) as ChallengeRow['methods'] }; // what `insert` wrote
    },
    dropForSession(sessionId) {
      dropForSession.run(sessionId);
    },
    dropForUser(userId) {
      dropForUser.run(userId);
    },
    spend(hash, expiresAt) {
      return spend.run(hash, expiresAt).changes === 1;
    },
    deleteExpired(now, limit) {
      return deleteOver.run(now, limit).changes + deleteSpent.run(now, limit).changes;
    },
  };
}

export type GrantWrites = Synchronous<GrantStore>;

export function grantWrites(db: Database, prefix: string): GrantWrites {
  const insert = db.prepare<[GrantRow]>(`
    INSERT OR REPLACE INTO ${prefix}_grants (session_id, action_digest, user_id, challenge_id, method, created_at, expires_at)
    VALUES (@sessionId, @actionDigest, @userId, @challengeId, @method, @createdAt, @expiresAt)`);
  const take = db.prepare<[TakeGrant], GrantRow>(`
    DELETE FROM ${prefix}_grants
    WHERE session_id = @sessionId AND action_digest = @actionDigest
      AND expires_at > @now AND created_at - @now <= expires_at - created_at
    RETURNING session_id AS sessionId, action_digest AS actionDigest, user_id AS userId,
      challenge_id AS challengeId, method, created_at AS createdAt, expires_at AS expiresAt`);
  const mark = db.prepare<[TakeGrant]>(`
    INSERT OR REPLACE INTO ${prefix}_spent_actions (user_id, action, spent_at, expires_at)
    VALUES (@userId, @action, @now, @markedUntil)`);
  const spentAtOf = db
    .prepare<[TakeGrant], number>(
      `SELECT spent_at FROM ${prefix}_spent_actions WHERE user_id = @userId AND action = @action AND expires_at > @now`,
    )
    .pluck();
  const dropForChallenge = db.prepare<[string, string]>(
    `DELETE FROM ${prefix}_grants WHERE session_id = ? AND challenge_id = ?`,
  );
  const dropForSession = db.prepare<[string]>(`DELETE FROM ${prefix}_grants WHERE session_id = ?`);
  const dropForUser = db.prepare<[{ readonly userId: string; readonly method: string | null }]>(
    `DELETE FROM ${prefix}_grants WHERE user_id = @userId AND (@method IS NULL OR method = @method)`,
  );
  const dropMarks = db.prepare<[string]>(`DELETE FROM ${prefix}_spent_actions WHERE user_id = ?`);
  const deleteOver = db.prepare<[number, number]>(`
    DELETE FROM ${prefix}_grants WHERE (session_id, action_digest) IN
      (SELECT session_id, action_digest FROM ${prefix}_grants WHERE expires_at <= ? LIMIT ?)`);
  const deleteMarks = db.prepare<[number, number]>(`
    DELETE FROM ${prefix}_spent_actions WHERE (user_id, action) IN
      (SELECT user_id, action FROM ${prefix}_spent_actions WHERE expires_at <= ? LIMIT ?)`);

  return {
    insert(row) {
      insert.run(row);
    },
    take(asked) {
      const row = take.get(asked);
      if (row !== undefined) {
        mark.run(asked);
        return { outcome: 'taken', row };
      }
      const spentAt = spentAtOf.get(asked);
      return spentAt === undefined ? { outcome: 'none' } : { outcome: 'spent', spentAt };
    },
    dropForChallenge(sessionId, challengeId) {
      dropForChallenge.run(sessionId, challengeId);
    },
    dropForSession(sessionId) {
      dropForSession.run(sessionId);
    },
    dropForUser(userId, method) {
      dropForUser.run({ userId, method });
      if (method === null) dropMarks.run(userId);
    },
    deleteExpired(now, limit) {
      return deleteOver.run(now, limit).changes + deleteMarks.run(now, limit).changes;
    },
  };
}

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
