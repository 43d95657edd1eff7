import type { Database } from 'better-sqlite3';
import type { RecoveryCodeStore } from '../contract/recovery-codes.js';
import type { Synchronous } from './operations.js';

export type RecoveryCodeReads = Synchronous<Pick<RecoveryCodeStore, 'count'>>;
export type RecoveryCodeWrites = Synchronous<Omit<RecoveryCodeStore, keyof RecoveryCodeReads | 'copy'>>;

export function recoveryCodeReads(db: Database, prefix: string): RecoveryCodeReads {
  const count = db.prepare<[string], { readonly left: number; readonly createdAt: number | null }>(
    `SELECT count(*) AS left, max(created_at) AS createdAt FROM ${prefix}_recovery_codes WHERE user_id = ?`,
  );
  return {
    count(userId) {
      const { left, createdAt } = count.get(userId) ?? { left: 0, createdAt: null };
      return createdAt === null ? null : { left, createdAt };
    },
  };
}

export function recoveryCodeWrites(db: Database, prefix: string): RecoveryCodeWrites {
  const insert = db.prepare<[string, string, number]>(
    `INSERT INTO ${prefix}_recovery_codes (user_id, hash, created_at) VALUES (?, ?, ?)`,
  );
  const take = db.prepare<[string, string]>(`DELETE FROM ${prefix}_recovery_codes WHERE user_id = ? AND hash = ?`);
  const drop = db.prepare<[string]>(`DELETE FROM ${prefix}_recovery_codes WHERE user_id = ?`);

  return {
    replace(userId, hashes, now) {
      drop.run(userId);
      for (const hash of hashes) insert.run(userId, hash, now);
    },
    take: (userId, hash) => take.run(userId, hash).changes === 1,
    dropForUser(userId) {
      drop.run(userId);
    },
  };
}
