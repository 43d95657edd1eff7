import type { Claimable } from '../contract/realm.js';
import type { TotpRow, TotpStore } from '../contract/totp.js';
import type { Database, Statement } from './connection.js';
import { OF_DOMAIN } from './passkeys.js';

export const ROW = `user_id AS "userId", encrypted_secret AS "encryptedSecret", created_at::float8 AS "createdAt",
  confirmed_at::float8 AS "confirmedAt", last_step::float8 AS "lastStep"`;

const FIND: Statement<TotpRow> = {
  name: 'totp_find',
  text: (p) => `SELECT ${ROW} FROM ${p}_totp WHERE user_id = $1 AND waiting = $2`,
};
const INSERT: Statement<never> = {
  name: 'totp_insert',
  text: (p) => `INSERT INTO ${p}_totp (user_id, waiting, encrypted_secret, created_at, confirmed_at, last_step)
    VALUES ($1, $2, $3, $4, $5, $6)`,
};
const HAS_PASSKEY: Statement<unknown> = {
  name: 'totp_has_passkey',
  text: (p) => `SELECT 1 FROM ${p}_passkeys WHERE user_id = $1 AND ${OF_DOMAIN} LIMIT 1`,
};
const CONFIRM: Statement<never> = {
  name: 'totp_confirm',
  text: (p) => `UPDATE ${p}_totp SET waiting = false, confirmed_at = $4, last_step = $3
    WHERE user_id = $1 AND waiting AND encrypted_secret = $2`,
};
const USE_STEP: Statement<never> = {
  name: 'totp_use_step',
  text: (p) => `UPDATE ${p}_totp SET last_step = $4, encrypted_secret = $3
    WHERE user_id = $1 AND NOT waiting AND encrypted_secret = $2
      AND (last_step IS NULL OR last_step < $4 OR last_step > $5)`,
};
const REMOVE_ONE: Statement<never> = {
  name: 'totp_remove_one',
  text: (p) => `DELETE FROM ${p}_totp WHERE user_id = $1 AND waiting = $2`,
};
const REMOVE: Statement<never> = { name: 'totp_remove', text: (p) => `DELETE FROM ${p}_totp WHERE user_id = $1` };

/** What makes or removes a row holds the user's lock, also against a passkey that is being added. */
export function postgresTotp(db: Database, claimable: Claimable): TotpStore {
  return {
    ...claimable,
    find: async (userId) => (await db.read(FIND, [userId, false])).rows[0] ?? null,
    findWaiting: async (userId) => (await db.read(FIND, [userId, true])).rows[0] ?? null,
    begin(row) {
      const values = parameters(row);
      const { userId } = row;
      return db.locked(['user', userId], async ({ run, runLast }) => {
        await run(REMOVE_ONE, [userId, true]);
        await runLast(INSERT, values);
      });
    },
    put(row) {
      const values = parameters(row);
      const { userId } = row;
      return db.locked(['user', userId], async ({ run, runLast }) => {
        await run(REMOVE, [userId]);
        await runLast(INSERT, values);
      });
    },
    confirm: ({ userId, encryptedSecret, step, now, onlyIfNone, rpID }) =>
      db.locked(['user', userId], async ({ run, runLast }) => {
        const [waiting] = (await run(FIND, [userId, true])).rows;
        if (waiting?.encryptedSecret !== encryptedSecret) return 'refused';
        const replaces = (await run(FIND, [userId, false])).count > 0;
        if (onlyIfNone && (replaces || (await run(HAS_PASSKEY, [userId, rpID])).count > 0)) return 'refused';
        await run(REMOVE_ONE, [userId, false]);
        await runLast(CONFIRM, [userId, encryptedSecret, step, now]);
        return replaces ? 'replaced' : 'confirmed';
      }),
    useStep: async ({ userId, encryptedSecret, renewed, step, latest }) =>
      (await db.write(USE_STEP, [userId, encryptedSecret, renewed, step, latest])).count === 1,
    remove: (userId) => db.locked(['user', userId], async ({ run }) => (await run(REMOVE, [userId])).count > 0),
  };
}

/** For `INSERT`. */
function parameters(row: TotpRow): readonly unknown[] {
  const { userId, encryptedSecret, createdAt, confirmedAt, lastStep } = row;
  return [userId, confirmedAt === null, encryptedSecret, createdAt, confirmedAt, lastStep];
}
