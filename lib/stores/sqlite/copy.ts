import type { Database } from 'better-sqlite3';
import type { AttemptRow } from '../contract/attempts.js';
import { PAGE_SIZE } from '../contract/copy.js';
import type { PasskeyRow } from '../contract/passkeys.js';
import type { RecoveryCodeSet } from '../contract/recovery-codes.js';
import type { NotBeforeRow, SessionRow } from '../contract/sessions.js';
import type { TotpRow } from '../contract/totp.js';
import {
  insertRow as insertPasskey,
  ROW as PASSKEY_ROW,
  type StoredPasskey,
  toRow as toPasskey,
  toStored,
} from './passkeys.js';
import { insertRow, insertValues } from './session-writes.js';
import { insertRow as insertTotp, ROW as TOTP_ROW } from './totp.js';

/** Each gives a page of rows in the order of their keys, after a row or from the start. Sessions are listed by `list`. */
export interface CopyReads {
  notBefore(last: NotBeforeRow | null): readonly NotBeforeRow[];
  attempts(last: AttemptRow | null, now: number): readonly AttemptRow[];
  passkeys(last: PasskeyRow | null): readonly PasskeyRow[];
  totp(last: TotpRow | null): readonly TotpRow[];
  recoveryCodes(last: RecoveryCodeSet | null): readonly RecoveryCodeSet[];
}

/** Each says how many rows it wrote. */
export interface CopyWrites {
  putSessions(rows: readonly SessionRow[]): number;
  putNotBefore(rows: readonly NotBeforeRow[]): number;
  putAttempts(rows: readonly AttemptRow[]): number;
  putPasskeys(rows: readonly PasskeyRow[]): number;
  putTotp(rows: readonly TotpRow[]): number;
  putRecoveryCodes(rows: readonly RecoveryCodeSet[]): number;
}

const PAGE = `LIMIT ${PAGE_SIZE}`;

export function copyReads(db: Database, prefix: string): CopyReads {
  const notBefore = db.prepare<[string], NotBeforeRow>(
    `SELECT user_id AS userId, not_before AS notBefore FROM ${prefix}_not_before WHERE user_id > ? ORDER BY user_id ${PAGE}`,
  );
  const attempts = db.prepare<[string, string, number], AttemptRow>(`
    SELECT user_id AS userId, key, count, ends_at AS endsAt FROM ${prefix}_attempts
    WHERE (user_id, key) > (?, ?) AND (ends_at IS NULL OR +ends_at > ?) ORDER BY user_id, key ${PAGE}`);
  const passkeys = db.prepare<[string], StoredPasskey>(
    `SELECT ${PASSKEY_ROW} FROM ${prefix}_passkeys WHERE id > ? ORDER BY id ${PAGE}`,
  );
  const totp = db.prepare<[string, number], TotpRow>(
    `SELECT ${TOTP_ROW} FROM ${prefix}_totp WHERE (user_id, waiting) > (?, ?) ORDER BY user_id, waiting ${PAGE}`,
  );
  const recoveryCodes = db.prepare<[string], Omit<RecoveryCodeSet, 'hashes'> & { readonly hashes: string }>(`
    SELECT user_id AS userId, json_group_array(hash) AS hashes, max(created_at) AS createdAt
    FROM ${prefix}_recovery_codes WHERE user_id > ? GROUP BY user_id ORDER BY user_id ${PAGE}`);

  return {
    notBefore: (last) => notBefore.all(last?.userId ?? ''),
    attempts: (last, now) => attempts.all(last?.userId ?? '', last?.key ?? '', now),
    passkeys: (last) => passkeys.all(last?.id ?? '').map(toPasskey),
    totp: (last) => totp.all(last?.userId ?? '', last?.confirmedAt === null ? 1 : 0),
    recoveryCodes: (last) =>
      recoveryCodes.all(last?.userId ?? '').map((set) => ({
        ...set,
        hashes: JSON.parse(set.hashes) as RecoveryCodeSet['hashes'], // of the column `hash`
      })),
  };
}

/** Each runs inside a transaction of its caller's, which undoes it whole when it throws. */
export function copyWrites(db: Database, prefix: string): CopyWrites {
  const session = db.prepare<[ReturnType<typeof insertValues>]>(`${insertRow(prefix)} ON CONFLICT DO NOTHING`);
  const notBefore = db.prepare<[NotBeforeRow]>(`
    INSERT INTO ${prefix}_not_before (user_id, not_before) VALUES (@userId, @notBefore)
    ON CONFLICT (user_id) DO UPDATE SET not_before = excluded.not_before WHERE not_before < excluded.not_before`);
  const attempt = db.prepare<[AttemptRow]>(`
    INSERT INTO ${prefix}_attempts (user_id, key, count, ends_at) VALUES (@userId, @key, @count, @endsAt)
    ON CONFLICT DO NOTHING`);
  const passkey = db.prepare<[StoredPasskey]>(`${insertPasskey(prefix)} ON CONFLICT DO NOTHING`);
  const totp = db.prepare<[TotpRow]>(`${insertTotp(prefix)} ON CONFLICT DO NOTHING`);
  const hasCodes = db.prepare<[string]>(`SELECT 1 FROM ${prefix}_recovery_codes WHERE user_id = ?`);
  const code = db.prepare<[string, string, number]>(
    `INSERT INTO ${prefix}_recovery_codes (user_id, hash, created_at) VALUES (?, ?, ?)`,
  );

  function putSet({ userId, hashes, createdAt }: RecoveryCodeSet): boolean {
    if (hasCodes.get(userId) !== undefined) return false;
    for (const hash of hashes) code.run(userId, hash, createdAt);
    return true;
  }

  return {
    putSessions: (rows) => rows.filter((row) => session.run(insertValues(row)).changes === 1).length,
    putNotBefore: (rows) => rows.filter((row) => notBefore.run(row).changes === 1).length,
    putAttempts: (rows) => rows.filter((row) => attempt.run(row).changes === 1).length,
    putPasskeys: (rows) => rows.filter((row) => passkey.run(toStored(row)).changes === 1).length,
    putTotp: (rows) => rows.filter((row) => totp.run(row).changes === 1).length,
    putRecoveryCodes: (rows) => rows.filter(putSet).length,
  };
}
