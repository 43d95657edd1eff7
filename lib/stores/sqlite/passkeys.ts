import type { Database } from 'better-sqlite3';
import type { PasskeyRow, PasskeyStore } from '../contract/passkeys.js';
import type { Synchronous } from './operations.js';

export type PasskeyReads = Synchronous<Pick<PasskeyStore, 'find' | 'findById' | 'listForUser'>>;
export type PasskeyWrites = Synchronous<Omit<PasskeyStore, keyof PasskeyReads | 'copy'>>;

export interface StoredPasskey extends Omit<PasskeyRow, 'backupEligible' | 'backedUp' | 'transports'> {
  readonly backupEligible: 0 | 1;
  readonly backedUp: 0 | 1;
  /** JSON */
  readonly transports: string;
}

export const ROW = `id, user_id AS userId, user_handle AS userHandle, public_key AS publicKey, counter,
  backup_eligible AS backupEligible, backed_up AS backedUp, transports, label, created_at AS createdAt,
  last_used_at AS lastUsedAt`;

/** Takes a `StoredPasskey`. */
export const insertRow = (prefix: string): string => `
  INSERT INTO ${prefix}_passkeys
    (id, user_id, user_handle, public_key, counter, backup_eligible, backed_up, transports, label, created_at, last_used_at)
  VALUES
    (@id, @userId, @userHandle, @publicKey, @counter, @backupEligible, @backedUp, @transports, @label, @createdAt,
      @lastUsedAt)`;

export function passkeyReads(db: Database, prefix: string): PasskeyReads {
  const byId = db.prepare<[string], StoredPasskey>(`SELECT ${ROW} FROM ${prefix}_passkeys WHERE id = ?`);
  const ofUser = db.prepare<[string], StoredPasskey>(
    `SELECT ${ROW} FROM ${prefix}_passkeys WHERE user_id = ? ORDER BY created_at, id`,
  );
  const findById = (id: string): PasskeyRow | null => {
    const found = byId.get(id);
    return found === undefined ? null : toRow(found);
  };
  return {
    findById,
    find(userId, id) {
      const row = findById(id);
      return row?.userId === userId ? row : null;
    },
    listForUser: (userId) => ofUser.all(userId).map(toRow),
  };
}

export function passkeyWrites(db: Database, prefix: string): PasskeyWrites {
  const hasMethod = db.prepare<[string, string]>(`
    SELECT 1 FROM ${prefix}_passkeys WHERE user_id = ?
    UNION ALL SELECT 1 FROM ${prefix}_totp WHERE user_id = ? AND confirmed_at IS NOT NULL LIMIT 1`);
  const insert = db.prepare<[StoredPasskey]>(insertRow(prefix));
  const count = db.prepare<[string], number>(`SELECT count(*) FROM ${prefix}_passkeys WHERE user_id = ?`).pluck();
  const isTaken = db.prepare<[string]>(`SELECT 1 FROM ${prefix}_passkeys WHERE id = ?`);
  const use = db.prepare(`
    UPDATE ${prefix}_passkeys SET counter = @counter, backed_up = @backedUp,
      last_used_at = max(@usedAt, ifnull(last_used_at, @usedAt))
    WHERE id = @id AND user_id = @userId 
      AND (counter < @counter OR (counter = 0 AND @counter = 0) OR @evenIfRegressed)`);
  const rename = db.prepare<[string, string, string], StoredPasskey>(
    `UPDATE ${prefix}_passkeys SET label = ? WHERE id = ? AND user_id = ? RETURNING ${ROW}`,
  );
  const remove = db.prepare<[string, string]>(`DELETE FROM ${prefix}_passkeys WHERE id = ? AND user_id = ?`);
  const dropForUser = db.prepare<[string]>(`DELETE FROM ${prefix}_passkeys WHERE user_id = ?`);

  return {
    insert(row, { onlyIfNone, max }) {
      if (isTaken.get(row.id) !== undefined) return 'already-enrolled';
      if (onlyIfNone && hasMethod.get(row.userId, row.userId) !== undefined) return 'not-first-method';
      if ((count.get(row.userId) ?? 0) >= max) return 'full';
      insert.run(toStored(row));
      return 'inserted';
    },
    use({ backedUp, evenIfRegressed, ...given }) {
      return use.run({ ...given, backedUp: bit(backedUp), evenIfRegressed: bit(evenIfRegressed) }).changes === 1;
    },
    rename(userId, id, label) {
      const row = rename.get(label, id, userId);
      return row === undefined ? null : toRow(row);
    },
    remove(userId, id) {
      return remove.run(id, userId).changes === 1;
    },
    dropForUser(userId) {
      dropForUser.run(userId);
    },
  };
}

export function toRow(stored: StoredPasskey): PasskeyRow {
  return {
    ...stored,
    backupEligible: stored.backupEligible === 1,
    backedUp: stored.backedUp === 1,
    transports: JSON.parse(stored.transports) as PasskeyRow['transports'], // what `toStored` wrote
  };
}

export function toStored(row: PasskeyRow): StoredPasskey {
  const { backupEligible, backedUp, transports } = row;
  return {
    ...row,
    backupEligible: bit(backupEligible),
    backedUp: bit(backedUp),
    transports: JSON.stringify(transports),
  };
}

/** SQLite has no booleans. */
function bit(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}
