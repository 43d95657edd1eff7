import type { Database } from 'better-sqlite3';
import type { PasskeyRow, PasskeyStore } from '../contract/passkeys.js';
import type { Synchronous } from './operations.js';

export type PasskeyReads = Synchronous<Pick<PasskeyStore, 'find' | 'findById' | 'listForUser'>>;
export type PasskeyWrites = Synchronous<Omit<PasskeyStore, keyof PasskeyReads | 'copy' | 'isKeptElsewhere'>>;

export interface StoredPasskey extends Omit<PasskeyRow, 'backupEligible' | 'backedUp' | 'transports'> {
  readonly backupEligible: 0 | 1;
  readonly backedUp: 0 | 1;
  /** JSON */
  readonly transports: string;
}

/** Of a user's passkeys those that count for the domain `@rpID`; for null all. */
export const OF_DOMAIN = '(@rpID IS NULL OR rp_id IS NULL OR rp_id = @rpID)';

export const ROW = `id, user_id AS userId, rp_id AS rpID, user_handle AS userHandle, public_key AS publicKey, counter,
  backup_eligible AS backupEligible, backed_up AS backedUp, transports, label, created_at AS createdAt,
  last_used_at AS lastUsedAt`;

/** Takes a `StoredPasskey`. */
export const insertRow = (prefix: string): string => `
  INSERT INTO ${prefix}_passkeys
    (id, user_id, rp_id, user_handle, public_key, counter, backup_eligible, backed_up, transports, label, created_at, last_used_at)
  VALUES
    (@id, @userId, @rpID, @userHandle, @publicKey, @counter, @backupEligible, @backedUp, @transports, @label,
      @createdAt, @lastUsedAt)`;

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
  const hasMethod = db.prepare<[StoredPasskey]>(`
    SELECT 1 FROM ${prefix}_passkeys WHERE user_id = @userId AND ${OF_DOMAIN}
    UNION ALL SELECT 1 FROM ${prefix}_totp WHERE user_id = @userId AND waiting = 0 LIMIT 1`);
  const insert = db.prepare<[StoredPasskey]>(insertRow(prefix));
  const count = db
    .prepare<[StoredPasskey], number>(
      `SELECT count(*) FROM ${prefix}_passkeys WHERE user_id = @userId AND ${OF_DOMAIN}`,
    )
    .pluck();
  const isTaken = db.prepare<[string]>(`SELECT 1 FROM ${prefix}_passkeys WHERE id = ?`);
  const use = db.prepare(`
    UPDATE ${prefix}_passkeys SET counter = @counter, backed_up = @backedUp, rp_id = ifnull(rp_id, @rpID),
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
      const stored = toStored(row);
      if (isTaken.get(row.id) !== undefined) return 'already-enrolled';
      if (onlyIfNone && hasMethod.get(stored) !== undefined) return 'not-first-method';
      if ((count.get(stored) ?? 0) >= max) return 'full';
      insert.run(stored);
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
