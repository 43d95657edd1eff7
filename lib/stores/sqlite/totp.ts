import type { Database } from 'better-sqlite3';
import type { ConfirmTotp, TotpRow, TotpStore, UseTotpStep } from '../contract/totp.js';
import type { Synchronous } from './operations.js';

export type TotpReads = Synchronous<Pick<TotpStore, 'find'>>;
export type TotpWrites = Synchronous<Omit<TotpStore, keyof TotpReads | 'copy'>>;

export const ROW = `user_id AS userId, encrypted_secret AS encryptedSecret, created_at AS createdAt,
  confirmed_at AS confirmedAt, last_step AS lastStep`;

/** Takes a `TotpRow`. */
export const insertRow = (prefix: string): string => `
  INSERT INTO ${prefix}_totp (user_id, encrypted_secret, created_at, confirmed_at, last_step)
  VALUES (@userId, @encryptedSecret, @createdAt, @confirmedAt, @lastStep)`;

export function totpReads(db: Database, prefix: string): TotpReads {
  const find = db.prepare<[string], TotpRow>(`SELECT ${ROW} FROM ${prefix}_totp WHERE user_id = ?`);
  return { find: (userId) => find.get(userId) ?? null };
}

export function totpWrites(db: Database, prefix: string): TotpWrites {
  const upsert = `${insertRow(prefix)}
    ON CONFLICT (user_id) DO UPDATE SET encrypted_secret = excluded.encrypted_secret,
      created_at = excluded.created_at, confirmed_at = excluded.confirmed_at, last_step = excluded.last_step`;
  const put = db.prepare<[TotpRow]>(upsert);
  const begin = db.prepare<[TotpRow]>(`${upsert} WHERE ${prefix}_totp.confirmed_at IS NULL`);
  const confirm = db.prepare<[Omit<ConfirmTotp, 'onlyIfNone'> & { readonly onlyIfNone: 0 | 1 }]>(`
    UPDATE ${prefix}_totp SET confirmed_at = @now, last_step = @step
    WHERE user_id = @userId AND confirmed_at IS NULL AND encrypted_secret = @encryptedSecret
      AND NOT (@onlyIfNone AND EXISTS (SELECT 1 FROM ${prefix}_passkeys WHERE user_id = @userId))`);
  const useStep = db.prepare<[UseTotpStep]>(`
    UPDATE ${prefix}_totp SET last_step = @step
    WHERE user_id = @userId AND encrypted_secret = @encryptedSecret AND confirmed_at IS NOT NULL
      AND (last_step IS NULL OR last_step < @step OR last_step > @latest)`);
  const remove = db.prepare<[string]>(`DELETE FROM ${prefix}_totp WHERE user_id = ?`);

  return {
    begin: (row) => begin.run(row).changes === 1,
    put(row) {
      put.run(row);
    },
    confirm: ({ onlyIfNone, ...given }) => confirm.run({ ...given, onlyIfNone: onlyIfNone ? 1 : 0 }).changes === 1,
    useStep: (use) => useStep.run(use).changes === 1,
    remove: (userId) => remove.run(userId).changes === 1,
  };
}
