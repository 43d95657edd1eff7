import type { Database } from 'better-sqlite3';
import type { ChallengeRow, ChallengeStore } from '../contract/challenges.js';
import type { Synchronous } from './operations.js';

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
