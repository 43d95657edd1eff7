import type { Claimable } from '../contract/realm.js';
import type { RecoveryCodeStore } from '../contract/recovery-codes.js';
import type { Database, Statement } from './connection.js';

const DROP: Statement<never> = {
  name: 'recovery_drop',
  text: (p) => `DELETE FROM ${p}_recovery_codes WHERE user_id = $1`,
};
const INSERT: Statement<never> = {
  name: 'recovery_insert',
  text: (p) => `INSERT INTO ${p}_recovery_codes (user_id, hash, created_at)
    SELECT DISTINCT $1, hash, $3::int8 FROM unnest($2::text[]) AS codes (hash)`,
};
const TAKE: Statement<never> = {
  name: 'recovery_take',
  text: (p) => `DELETE FROM ${p}_recovery_codes WHERE user_id = $1 AND hash = $2`,
};
const COUNT: Statement<{ readonly left: number; readonly createdAt: number | null }> = {
  name: 'recovery_count',
  text: (p) => `SELECT count(*)::float8 AS "left", max(created_at)::float8 AS "createdAt"
    FROM ${p}_recovery_codes WHERE user_id = $1`,
};

export function postgresRecoveryCodes(db: Database, claimable: Claimable): RecoveryCodeStore {
  return {
    ...claimable,
    replace(userId, hashes, now) {
      const copies = [...hashes];
      return db.locked(['user', userId], async (connection) => {
        await connection.run(DROP, [userId]);
        await connection.runLast(INSERT, [userId, copies, now]);
      });
    },
    take: async (userId, hash) => (await db.write(TAKE, [userId, hash])).count === 1,
    async count(userId) {
      const { left, createdAt } = (await db.read(COUNT, [userId])).rows[0] ?? { left: 0, createdAt: null };
      return createdAt === null ? null : { left, createdAt };
    },
    dropForUser: (userId) =>
      db.locked(['user', userId], async (connection) => {
        await connection.run(DROP, [userId]);
      }),
  };
}
