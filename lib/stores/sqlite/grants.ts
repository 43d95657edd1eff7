import type { Database } from 'better-sqlite3';
import type { GrantRow, GrantStore, TakeGrant } from '../contract/grants.js';
import type { Synchronous } from './operations.js';

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
