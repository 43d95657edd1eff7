import type { Database } from 'better-sqlite3';
import type { GrantRow, GrantStore } from '../contract/grants.js';
import type { Synchronous } from './synchronous.js';

export type GrantWrites = Synchronous<GrantStore>;

export function grantWrites(db: Database): GrantWrites {
  const insert = db.prepare<[GrantRow]>(`
    INSERT OR REPLACE INTO stepgate_grants (session_id, action_digest, user_id, method, created_at, expires_at, spent)
    VALUES (@sessionId, @actionDigest, @userId, @method, @createdAt, @expiresAt, 0)`);
  const take = db.prepare<[string, string, number], GrantRow>(`
    UPDATE stepgate_grants SET spent = 1
    WHERE session_id = ? AND action_digest = ? AND spent = 0 AND expires_at > ?
    RETURNING session_id AS sessionId, action_digest AS actionDigest, user_id AS userId, method,
      created_at AS createdAt, expires_at AS expiresAt`);
  const isSpent = db.prepare<[string, string, number]>(
    'SELECT 1 FROM stepgate_grants WHERE session_id = ? AND action_digest = ? AND spent = 1 AND expires_at > ?',
  );
  const dropForSession = db.prepare<[string]>('DELETE FROM stepgate_grants WHERE session_id = ?');
  const dropForUser = db.prepare<[string]>('DELETE FROM stepgate_grants WHERE user_id = ?');
  const deleteOver = db.prepare<[number, number]>(`
    DELETE FROM stepgate_grants WHERE (session_id, action_digest) IN
      (SELECT session_id, action_digest FROM stepgate_grants WHERE expires_at <= ? LIMIT ?)`);

  return {
    insert(row) {
      insert.run(row);
    },
    take(sessionId, actionDigest, now) {
      const row = take.get(sessionId, actionDigest, now);
      if (row !== undefined) return { outcome: 'taken', row };
      return { outcome: isSpent.get(sessionId, actionDigest, now) === undefined ? 'none' : 'spent' };
    },
    dropForSession(sessionId) {
      dropForSession.run(sessionId);
    },
    dropForUser(userId) {
      dropForUser.run(userId);
    },
    deleteExpired(now, limit) {
      return deleteOver.run(now, limit).changes;
    },
  };
}
