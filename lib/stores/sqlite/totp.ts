import type { Database } from 'better-sqlite3';
import type { ConfirmTotp, TotpRow, TotpStore, UseTotpStep } from '../contract/totp.js';
import type { Synchronous } from './operations.js';
import { OF_DOMAIN } from './passkeys.js';

export type TotpReads = Synchronous<Pick<TotpStore, 'find' | 'findWaiting'>>;
export type TotpWrites = Synchronous<Omit<TotpStore, keyof TotpReads | 'copy'>>;

export const ROW = `user_id AS userId, encrypted_secret AS encryptedSecret, created_at AS createdAt,
  confirmed_at AS confirmedAt, last_step AS lastStep`;

/** Takes a `TotpRow`. */
export const insertRow = (prefix: string): string => `
  INSERT INTO ${prefix}_totp (user_id, waiting, encrypted_secret, created_at, confirmed_at, last_step)
  VALUES (@userId, @confirmedAt IS NULL, @encryptedSecret, @createdAt, @confirmedAt, @lastStep)`;

export function totpReads(db: Database, prefix: string): TotpReads {
  const find = db.prepare<[string, 0 | 1], TotpRow>(
    `SELECT ${ROW} FROM ${prefix}_totp WHERE user_id = ? AND waiting = ?`,
  );
  return {
    find: (userId) => find.get(userId, 0) ?? null,
    findWaiting: (userId) => find.get(userId, 1) ?? null,
  };
}

export function totpWrites(db: Database, prefix: string): TotpWrites {
  const { find, findWaiting } = totpReads(db, prefix);
  const insert = db.prepare<[TotpRow]>(insertRow(prefix));
  const removeOne = db.prepare<[string, 0 | 1]>(`DELETE FROM ${prefix}_totp WHERE user_id = ? AND waiting = ?`);
  const removeAll = db.prepare<[string]>(`DELETE FROM ${prefix}_totp WHERE user_id = ?`);
  const hasPasskey = db.prepare<[Pick<ConfirmTotp, 'userId' | 'rpID'>]>(
    `SELECT 1 FROM ${prefix}_passkeys WHERE user_id = @userId AND ${OF_DOMAIN} LIMIT 1`,
  );
  const confirm = db.prepare<[Omit<ConfirmTotp, 'onlyIfNone' | 'rpID'>]>(`
    UPDATE ${prefix}_totp SET waiting = 0, confirmed_at = @now, last_step = @step
    WHERE user_id = @userId AND waiting = 1 AND encrypted_secret = @encryptedSecret`);
  const useStep = db.prepare<[UseTotpStep]>(`
    UPDATE ${prefix}_totp SET last_step = @step, encrypted_secret = @renewed
    WHERE user_id = @userId AND waiting = 0 AND encrypted_secret = @encryptedSecret
      AND (last_step IS NULL OR last_step < @step OR last_step > @latest)`);

  return {
    begin(row) {
      removeOne.run(row.userId, 1);
      insert.run(row);
    },
    put(row) {
      removeAll.run(row.userId);
      insert.run(row);
    },
    confirm({ onlyIfNone, rpID, ...given }) {
      const { userId, encryptedSecret } = given;
      if (findWaiting(userId)?.encryptedSecret !== encryptedSecret) return 'refused';
      const replaces = find(userId) !== null;
      if (onlyIfNone && (replaces || hasPasskey.get({ userId, rpID }) !== undefined)) return 'refused';
      removeOne.run(userId, 0);
      confirm.run(given);
      return replaces ? 'replaced' : 'confirmed';
    },
    useStep: (use) => useStep.run(use).changes === 1,
    remove: (userId) => removeAll.run(userId).changes > 0,
  };
}
