import type { PasskeyRow, PasskeyStore } from '../contract/passkeys.js';
import type { Claimable } from '../contract/realm.js';
import type { Database, Statement } from './connection.js';
import { deleteInOrder } from './locked-delete.js';

/** Of a user's passkeys those that count for the domain `$2`; for null all. */
export const OF_DOMAIN = '($2::text IS NULL OR rp_id IS NULL OR rp_id = $2)';

export const ROW = `id, user_id AS "userId", rp_id AS "rpID", user_handle AS "userHandle", public_key AS "publicKey", counter::float8 AS counter,
  backup_eligible AS "backupEligible", backed_up AS "backedUp", to_jsonb(transports) AS transports, label,
  created_at::float8 AS "createdAt", last_used_at::float8 AS "lastUsedAt"`;

type Rows = Statement<PasskeyRow>;

const INSERT: Statement<never> = {
  name: 'passkey_insert',
  text: (p) => `INSERT INTO ${p}_passkeys (id, user_id, rp_id, user_handle, public_key, counter, backup_eligible,
      backed_up, transports, label, created_at, last_used_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text[], $10, $11, $12) ON CONFLICT DO NOTHING`,
};
const HAS_METHOD: Statement<unknown> = {
  name: 'passkey_has_method',
  text: (p) => `SELECT 1 FROM ${p}_passkeys WHERE user_id = $1 AND ${OF_DOMAIN}
    UNION ALL SELECT 1 FROM ${p}_totp WHERE user_id = $1 AND NOT waiting`,
};
const COUNT: Statement<{ readonly count: number }> = {
  name: 'passkey_count',
  text: (p) => `SELECT count(*)::float8 AS count FROM ${p}_passkeys WHERE user_id = $1 AND ${OF_DOMAIN}`,
};
const FIND_BY_ID: Rows = { name: 'passkey_find', text: (p) => `SELECT ${ROW} FROM ${p}_passkeys WHERE id = $1` };
const LIST: Rows = {
  name: 'passkey_list',
  text: (p) => `SELECT ${ROW} FROM ${p}_passkeys WHERE user_id = $1 ORDER BY created_at, id`,
};
const USE: Statement<never> = {
  name: 'passkey_use',
  text: (p) => `UPDATE ${p}_passkeys SET counter = $3, backed_up = $4, last_used_at = greatest(last_used_at, $5),
      rp_id = coalesce(rp_id, $7)
    WHERE id = $1 AND user_id = $2 AND (counter < $3 OR (counter = 0 AND $3 = 0) OR $6)`,
};
const RENAME: Rows = {
  name: 'passkey_rename',
  text: (p) => `UPDATE ${p}_passkeys SET label = $3 WHERE id = $1 AND user_id = $2 RETURNING ${ROW}`,
};
const REMOVE: Statement<never> = {
  name: 'passkey_remove',
  text: (p) => `DELETE FROM ${p}_passkeys WHERE id = $1 AND user_id = $2`,
};
const DROP_FOR_USER: Statement<never> = {
  name: 'passkey_drop_user',
  text: (p) => deleteInOrder(`${p}_passkeys`, 'id', 'user_id = $1'),
};

export function postgresPasskeys(db: Database, claimable: Claimable): PasskeyStore {
  async function findById(id: string): Promise<PasskeyRow | null> {
    return (await db.read(FIND_BY_ID, [id])).rows[0] ?? null;
  }

  return {
    ...claimable,
    insert(row, { onlyIfNone, max }) {
      const { id, userId, rpID } = row;
      const values = parameters(row);
      return db.locked(['user', userId], async ({ run, runLast }) => {
        if ((await run(FIND_BY_ID, [id])).count > 0) return 'already-enrolled';
        if (onlyIfNone && (await run(HAS_METHOD, [userId, rpID])).count > 0) return 'not-first-method';
        const [{ count } = { count: 0 }] = (await run(COUNT, [userId, rpID])).rows;
        if (count >= max) return 'full';
        return (await runLast(INSERT, values)).count === 1 ? 'inserted' : 'already-enrolled';
      });
    },
    findById,
    async find(userId, id) {
      const row = await findById(id);
      return row?.userId === userId ? row : null;
    },
    listForUser: async (userId) => (await db.read(LIST, [userId])).rows,
    async use({ userId, id, counter, backedUp, usedAt, rpID, evenIfRegressed }) {
      const values = [id, userId, counter, backedUp, usedAt, evenIfRegressed, rpID];
      return (await db.write(USE, values)).count === 1;
    },
    rename: async (userId, id, label) => (await db.write(RENAME, [id, userId, label])).rows[0] ?? null,
    remove: async (userId, id) => (await db.write(REMOVE, [id, userId])).count === 1,
    async dropForUser(userId) {
      await db.write(DROP_FOR_USER, [userId]);
    },
  };
}

/** For `INSERT`. */
function parameters(row: PasskeyRow): readonly unknown[] {
  const { id, userId, rpID, userHandle, publicKey, counter, backupEligible, backedUp } = row;
  const { transports, label, createdAt, lastUsedAt } = row;
  const key = [id, userId, rpID, userHandle, publicKey, counter, backupEligible, backedUp];
  return [...key, [...transports], label, createdAt, lastUsedAt];
}
