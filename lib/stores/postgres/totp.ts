import type { Claimable } from '../contract/realm.js';
import type { TotpRow, TotpStore } from '../contract/totp.js';
import type { Database, Statement } from './connection.js';

export const ROW = `user_id AS "userId", encrypted_secret AS "encryptedSecret", created_at::float8 AS "createdAt",
  confirmed_at::float8 AS "confirmedAt", last_step::float8 AS "lastStep"`;

const FIND: Statement<TotpRow> = {
  name: 'totp_find',
  text: (p) => `SELECT ${ROW} FROM ${p}_totp WHERE user_id = $1`,
};
const upsert = (
  p: string,
): string => `INSERT INTO ${p}_totp AS t (user_id, encrypted_secret, created_at, confirmed_at, last_step)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (user_id) DO UPDATE SET encrypted_secret = excluded.encrypted_secret,
      created_at = excluded.created_at, confirmed_at = excluded.confirmed_at, last_step = excluded.last_step`;
const PUT: Statement<never> = { name: 'totp_put', text: upsert };
const BEGIN: Statement<never> = { name: 'totp_begin', text: (p) => `${upsert(p)} WHERE t.confirmed_at IS NULL` };
const CONFIRM: Statement<never> = {
  name: 'totp_confirm',
  text: (p) => `UPDATE ${p}_totp SET confirmed_at = $4, last_step = $3
    WHERE user_id = $1 AND confirmed_at IS NULL AND encrypted_secret = $2
      AND NOT ($5 AND EXISTS (SELECT 1 FROM ${p}_passkeys WHERE user_id = $1))`,
};
const USE_STEP: Statement<never> = {
  name: 'totp_use_step',
  text: (p) => `UPDATE ${p}_totp SET last_step = $3
    WHERE user_id = $1 AND encrypted_secret = $2 AND confirmed_at IS NOT NULL
      AND (last_step IS NULL OR last_step < $3 OR last_step > $4)`,
};
const REMOVE: Statement<never> = { name: 'totp_remove', text: (p) => `DELETE FROM ${p}_totp WHERE user_id = $1` };

export function postgresTotp(db: Database, claimable: Claimable): TotpStore {
  return {
    ...claimable,
    find: async (userId) => (await db.read(FIND, [userId])).rows[0] ?? null,
    begin: async (row) => (await db.write(BEGIN, parameters(row))).count === 1,
    async put(row) {
      await db.write(PUT, parameters(row));
    },
    // Under the user's lock, so that "still none" holds against a passkey that is being added.
    confirm: ({ userId, encryptedSecret, step, now, onlyIfNone }) =>
      db.locked(['user', userId], async (connection) => {
        return (await connection.run(CONFIRM, [userId, encryptedSecret, step, now, onlyIfNone])).count === 1;
      }),
    useStep: async ({ userId, encryptedSecret, step, latest }) =>
      (await db.write(USE_STEP, [userId, encryptedSecret, step, latest])).count === 1,
    remove: async (userId) => (await db.write(REMOVE, [userId])).count === 1,
  };
}

/** For `upsert`. */
function parameters(row: TotpRow): readonly unknown[] {
  const { userId, encryptedSecret, createdAt, confirmedAt, lastStep } = row;
  return [userId, encryptedSecret, createdAt, confirmedAt, lastStep];
}
