import type { RecoveryCodeStore } from '../contract/recovery-codes.js';
import type { Database, Statement } from './connection.js';

const DROP: Statement<never> = {
  name: 'recovery_drop',
  text: 'DELETE FROM stepgate_recovery_codes WHERE user_id = $1',
};
const INSERT: Statement<never> = {
  name: 'recovery_insert',
  text: `INSERT INTO stepgate_recovery_codes (user_id, hash, created_at)
    SELECT DISTINCT $1, hash, $3::int8 FROM unnest($2::text[]) AS codes (hash)`,
};
const TAKE: Statement<never> = {
  name: 'recovery_take',
  text: 'DELETE FROM stepgate_recovery_codes WHERE user_id = $1 AND hash = $2',
};
const COUNT: Statement<{ readonly left: number; readonly createdAt: number | null }> = {
  name: 'recovery_count',
  text: `SELECT count(*)::float8 AS "left", max(created_at)::float8 AS "createdAt"
    FROM stepgate_recovery_codes WHERE user_id = $1`,
};

export function postgresRecoveryCodes(db: Database): RecoveryCodeStore {
  return {
    replace(userId, hashes, now) {
      const copies = [...hashes];
      return db.locked('user', userId, async (connection) => {
        await connection.run(DROP, [userId]);
        await connection.run(INSERT, [userId, copies, now]);
      });
    },
    take: async (userId, hash) => (await db.write(TAKE, [userId, hash])).count === 1,
    async count(userId) {
      const { left, createdAt } = (await db.read(COUNT, [userId])).rows[0] ?? { left: 0, createdAt: null };
      return createdAt === null ? null : { left, createdAt };
    },
    dropForUser: (userId) =>
      db.locked('user', userId, async (connection) => {
        await connection.run(DROP, [userId]);
      }),
  };
}
