import type { Database } from 'better-sqlite3';
import type { TokenHash } from '../../internal/tokens.js';
import { CHANGEABLE, COLUMNS, NAMES } from '../contract/session-columns.js';
import { believedNotBefore, changed, type SessionChange } from '../contract/session-state.js';
import type { EndedSession, SessionRow, SessionStore } from '../contract/sessions.js';
import type { Synchronous } from './operations.js';
import { ROW, type SessionReads, tokenKey, toRow } from './sessions.js';

export type SessionWrites = Synchronous<Omit<SessionStore, keyof SessionReads | 'copy'>>;

/** Each runs inside a transaction of its caller's, which undoes it whole when it throws. */
export function sessionWrites(db: Database, prefix: string): SessionWrites {
  const ended = 'RETURNING id, user_id AS userId';
  const insert = db.prepare<[readonly Value[]]>(insertRow(prefix));
  const update = db.prepare<[readonly Value[]]>(updateRow(prefix));
  const byId = db.prepare<[string], string>(`SELECT ${ROW} FROM ${prefix}_sessions WHERE id = ?`).pluck();
  const idsOfUser = db.prepare<[string], string>(`SELECT id FROM ${prefix}_sessions WHERE user_id = ?`).pluck();
  const notBeforeOf = db
    .prepare<[string], number>(`SELECT not_before FROM ${prefix}_not_before WHERE user_id = ?`)
    .pluck();
  const setNotBefore = db.prepare<[string, number]>(
    `INSERT OR REPLACE INTO ${prefix}_not_before (user_id, not_before) VALUES (?, ?)`,
  );
  const endByToken = db.prepare<[bigint, string], EndedSession>(
    `DELETE FROM ${prefix}_sessions WHERE token_key = ? AND token_hash = ? ${ended}`,
  );
  const endByPreviousToken = db.prepare<[string], EndedSession>(
    `DELETE FROM ${prefix}_sessions WHERE previous_token_hash = ? ${ended}`,
  );
  const endById = db.prepare<[string], EndedSession>(`DELETE FROM ${prefix}_sessions WHERE id = ? ${ended}`);
  const endOfUserById = db.prepare<[string, string], EndedSession>(
    `DELETE FROM ${prefix}_sessions WHERE id = ? AND user_id = ? ${ended}`,
  );
  const endAllOfUser = db.prepare<[string, string | null], EndedSession>(
    `DELETE FROM ${prefix}_sessions WHERE user_id = ? AND id IS NOT ? ${ended}`,
  );
  const allButNewest = db
    .prepare<[string, string, number, number], string>(`
    SELECT id FROM ${prefix}_sessions WHERE user_id = ? AND id <> ? AND +ends_at > ? AND impersonator IS NULL
    ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?`)
    .pluck();
  // Whether the use of the current session token shows that its client has the current refresh token, too.
  const cameWithRefresh = 'refresh_hash IS NOT NULL AND token_method IS NULL';
  const touchRow = db.prepare(`
    UPDATE ${prefix}_sessions SET
      last_seen_at = max(last_seen_at, @seenAt),
      idle_expires_at = max(idle_expires_at, min(@idleExpiresAt, expires_at)),
      token_confirmed_at = coalesce(token_confirmed_at, iif(token_hash = @confirms, @seenAt, NULL)),
      refresh_confirmed_at = coalesce(refresh_confirmed_at, iif(token_hash = @confirms AND ${cameWithRefresh}, @seenAt, NULL))
    WHERE id = @id AND ends_at > @now`);
  const deleteOver = db.prepare<[number, number]>(`
    DELETE FROM ${prefix}_sessions WHERE token_key IN
      (SELECT token_key FROM ${prefix}_sessions WHERE ends_at <= ? ORDER BY ends_at LIMIT ?)`);
  const deleteNotBefore = db.prepare<[number]>(`DELETE FROM ${prefix}_not_before WHERE not_before < ?`);

  function endByEitherToken(hash: TokenHash): EndedSession | undefined {
    return endByToken.get(tokenKey(hash), hash) ?? endByPreviousToken.get(hash);
  }

  function raiseNotBefore(userId: string, notBefore: number): void {
    const known = believedNotBefore(notBeforeOf.get(userId) ?? notBefore, notBefore);
    setNotBefore.run(userId, Math.max(notBefore, known));
  }

  function change(id: string, asked: SessionChange, now: number): SessionRow | null {
    const stored = byId.get(id);
    const row = stored === undefined ? null : toRow(stored);
    const next = row && changed(row, asked, now);
    if (next && next !== row) update.run(updateValues(next));
    return next;
  }

  return {
    insert({ row, replaces, cap, now }) {
      const known = notBeforeOf.get(row.userId);
      if (known !== undefined) {
        const notBefore = believedNotBefore(known, now);
        if (notBefore !== known) setNotBefore.run(row.userId, notBefore);
        if (row.authenticatedAt <= notBefore) return { outcome: 'refused' };
      }
      insert.run(insertValues(row));
      const replaced = replaces === null ? undefined : endByEitherToken(replaces);
      const surplus = cap === null ? [] : allButNewest.all(row.userId, row.id, now, Math.max(0, cap - 1)).reverse();
      const evicted = surplus.flatMap((id) => endById.get(id) ?? []);
      return { outcome: 'inserted', replaced: replaced ?? null, evicted };
    },
    revoke(id, userId) {
      return (userId === null ? endById.get(id) : endOfUserById.get(id, userId)) ?? null;
    },
    revokeAllForUser(userId, except, notBefore) {
      raiseNotBefore(userId, notBefore);
      return endAllOfUser.all(userId, except);
    },
    touch(touches, now) {
      for (const touch of touches) touchRow.run({ ...touch, now });
    },
    change,
    changeAllOfUser(userId, asked, now) {
      for (const id of idsOfUser.all(userId)) change(id, asked, now);
    },
    replaceCredentials(id, asked, now) {
      const row = change(id, asked, now);
      if (row === null) return { outcome: 'lost' };
      raiseNotBefore(asked.userId, now);
      return { outcome: 'replaced', row, ended: endAllOfUser.all(asked.userId, id) };
    },
    deleteExpired(now, notBefore, limit) {
      deleteNotBefore.run(notBefore);
      return deleteOver.run(now, limit).changes;
    },
  };
}

type Value = string | number | bigint | null;

/** Takes `insertValues`. */
export const insertRow = (prefix: string): string => `
  INSERT INTO ${prefix}_sessions (token_key, ${NAMES.map((name) => COLUMNS[name]).join(', ')})
  VALUES (?, ${NAMES.map(() => '?').join(', ')})`;

export function insertValues(row: SessionRow): readonly Value[] {
  return [tokenKey(row.tokenHash), ...NAMES.map((name) => toColumn(row[name]))];
}

/** Takes `updateValues`. */
const updateRow = (prefix: string): string => `
  UPDATE ${prefix}_sessions SET token_key = ?, ${CHANGEABLE.map((name) => `${COLUMNS[name]} = ?`).join(', ')}
  WHERE id = ?`;

function updateValues(row: SessionRow): readonly Value[] {
  return [tokenKey(row.tokenHash), ...CHANGEABLE.map((name) => toColumn(row[name])), row.id];
}

/** Lists, proofs and whatever else is an object are written as JSON. */
function toColumn(value: SessionRow[keyof SessionRow]): Value {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
