import type { Database } from 'better-sqlite3';
import type { TokenHash } from '../../internal/token-hash.js';
import type { EndedSession, ProofTimes, RecordStepUp, SessionStore } from '../contract/sessions.js';
import { INSERT_ROW, ROW, rowParameters, toRow } from './session-row.js';
import type { Synchronous } from './synchronous.js';
import { tokenKey } from './token-key.js';

export type SessionReads = Synchronous<Pick<SessionStore, 'find' | 'get' | 'listForUser' | 'list'>>;
export type SessionWrites = Synchronous<Omit<SessionStore, keyof SessionReads | 'copy'>>;

export function sessionReads(db: Database): SessionReads {
  const selectFrom = `SELECT ${ROW} FROM stepgate_sessions`;
  // Two statements: nearly every request carries the current token, and an OR would look in both indexes each time.
  const byToken = db.prepare<[bigint, string], string>(`${selectFrom} WHERE token_key = ? AND token_hash = ?`).pluck();
  const byPreviousToken = db.prepare<[string], string>(`${selectFrom} WHERE previous_token_hash = ?`).pluck();
  const byId = db.prepare<[string], string>(`${selectFrom} WHERE id = ?`).pluck();
  const ofUser = db
    .prepare<[string, number], string>(
      `${selectFrom} WHERE user_id = ? AND +ends_at > ? ORDER BY last_seen_at DESC, created_at DESC, id`,
    )
    .pluck();
  // The plus keeps SQLite from taking the index on `ends_at` and sorting all live rows.
  const page = db
    .prepare<[string, number, number], string>(`${selectFrom} WHERE id > ? AND +ends_at > ? ORDER BY id LIMIT ?`)
    .pluck();

  return {
    find(tokenHash) {
      const row = byToken.get(tokenKey(tokenHash), tokenHash) ?? byPreviousToken.get(tokenHash);
      return row === undefined ? null : toRow(row);
    },
    get(id) {
      const row = byId.get(id);
      return row === undefined ? null : toRow(row);
    },
    listForUser(userId, now) {
      return ofUser.all(userId, now).map(toRow);
    },
    list({ limit, after, now }) {
      return page.all(after ?? '', now, limit).map(toRow);
    },
  };
}

/** Each runs inside a transaction of its caller's, which undoes it whole when it throws. */
export function sessionWrites(db: Database): SessionWrites {
  const ended = 'RETURNING id, user_id AS userId';
  const insertRow = db.prepare(INSERT_ROW);
  const notBeforeOf = db
    .prepare<[string], number>('SELECT not_before FROM stepgate_not_before WHERE user_id = ?')
    .pluck();
  const raiseNotBefore = db.prepare<[string, number]>(`
    INSERT INTO stepgate_not_before (user_id, not_before) VALUES (?, ?)
    ON CONFLICT (user_id) DO UPDATE SET not_before = max(not_before, excluded.not_before)`);
  const endByToken = db.prepare<[bigint, string], EndedSession>(
    `DELETE FROM stepgate_sessions WHERE token_key = ? AND token_hash = ? ${ended}`,
  );
  const endByPreviousToken = db.prepare<[string], EndedSession>(
    `DELETE FROM stepgate_sessions WHERE previous_token_hash = ? ${ended}`,
  );
  const endById = db.prepare<[string], EndedSession>(`DELETE FROM stepgate_sessions WHERE id = ? ${ended}`);
  const endOfUserById = db.prepare<[string, string], EndedSession>(
    `DELETE FROM stepgate_sessions WHERE id = ? AND user_id = ? ${ended}`,
  );
  const endAllOfUser = db.prepare<[string, string | null], EndedSession>(
    `DELETE FROM stepgate_sessions WHERE user_id = ? AND id IS NOT ? ${ended}`,
  );
  const allButNewest = db
    .prepare<[string, string, number, number], string>(`
    SELECT id FROM stepgate_sessions WHERE user_id = ? AND id <> ? AND +ends_at > ?
    ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?`)
    .pluck();
  // Whether the use of the current session token shows that its client has the current refresh token, too.
  const cameWithRefresh = 'refresh_hash IS NOT NULL AND token_nonce IS NULL';
  const touchRow = db.prepare(`
    UPDATE stepgate_sessions SET
      last_seen_at = max(last_seen_at, @seenAt),
      idle_expires_at = max(idle_expires_at, min(@idleExpiresAt, expires_at)),
      token_confirmed_at = coalesce(token_confirmed_at, iif(token_hash = @confirms, @seenAt, NULL)),
      refresh_confirmed_at = coalesce(refresh_confirmed_at, iif(token_hash = @confirms AND ${cameWithRefresh}, @seenAt, NULL))
    WHERE id = @id AND ends_at > @now`);
  const rotate = db.prepare(`
    UPDATE stepgate_sessions SET
      previous_token_hash = token_hash, token_key = @tokenKey, token_hash = @tokenHash, token_nonce = NULL,
      token_method = NULL,
      token_confirmed_at = NULL,
      parent_refresh_hash = refresh_hash, refresh_hash = @successor, refresh_nonce = @nonce, refreshed_at = @now,
      refresh_confirmed_at = NULL, last_seen_at = max(last_seen_at, @now),
      idle_expires_at = max(idle_expires_at, min(@idleExpiresAt, expires_at)), step_up_proofs = '{}'
    WHERE id = @id AND refresh_hash = @presented AND ends_at > @now`);
  // The presented token is current, or it is the previous one of a replacement that nobody has seen yet.
  const stepUp = db
    .prepare<[WithKey<RecordStepUp>], string>(`
    UPDATE stepgate_sessions SET
      token_key = iif(token_hash = @presented OR token_method IS NULL, @tokenKey, token_key),
      token_hash = iif(token_hash = @presented OR token_method IS NULL, @tokenHash, token_hash),
      token_nonce = iif(token_hash = @presented OR token_method IS NULL, @nonce, token_nonce),
      token_method = @method, previous_token_hash = @presented, token_confirmed_at = NULL,
      refresh_confirmed_at = coalesce(refresh_confirmed_at, iif(token_hash = @presented AND ${cameWithRefresh}, @now, NULL))
    WHERE id = @id AND ends_at > @now
      AND (token_hash = @presented OR (previous_token_hash = @presented AND token_confirmed_at IS NULL
        AND (token_method IS NULL OR token_method = @method)))
    RETURNING ${ROW}`)
    .pluck();
  const setStepUpProofs = db.prepare<[string, string]>('UPDATE stepgate_sessions SET step_up_proofs = ? WHERE id = ?');
  const dropProofs = db.prepare<[string]>(
    "UPDATE stepgate_sessions SET sign_in_proofs = '{}', step_up_proofs = '{}' WHERE id = ?",
  );
  const replaceTokens = db.prepare(`
    UPDATE stepgate_sessions SET
      token_key = @tokenKey, token_hash = @tokenHash, previous_token_hash = NULL, token_nonce = NULL,
      token_method = NULL, token_confirmed_at = @now,
      refresh_hash = @refreshHash, parent_refresh_hash = NULL, refresh_nonce = NULL,
      refreshed_at = iif(@refreshHash IS NULL, NULL, @now), refresh_confirmed_at = iif(@refreshHash IS NULL, NULL, @now),
      sign_in_proofs = '{}', step_up_proofs = '{}'
    WHERE id = @id AND user_id = @userId AND token_hash = @presented AND ends_at > @now`);
  const deleteOver = db.prepare<[number, number]>(`
    DELETE FROM stepgate_sessions WHERE token_key IN
      (SELECT token_key FROM stepgate_sessions WHERE ends_at <= ? ORDER BY ends_at LIMIT ?)`);
  const deleteNotBefore = db.prepare<[number]>('DELETE FROM stepgate_not_before WHERE not_before < ?');

  function endByEitherToken(hash: TokenHash): EndedSession | undefined {
    return endByToken.get(tokenKey(hash), hash) ?? endByPreviousToken.get(hash);
  }

  return {
    insert({ row, replaces, cap, now }) {
      const notBefore = notBeforeOf.get(row.userId);
      if (notBefore !== undefined && row.authenticatedAt <= notBefore) return { outcome: 'refused' };
      insertRow.run(rowParameters(row));
      const replaced = replaces === null ? undefined : endByEitherToken(replaces);
      const surplus = cap === null ? [] : allButNewest.all(row.userId, row.id, now, Math.max(0, cap - 1)).reverse();
      const evicted = surplus.flatMap((id) => endById.get(id) ?? []);
      return { outcome: 'inserted', replaced: replaced ?? null, evicted };
    },
    revoke(id, userId) {
      return (userId === null ? endById.get(id) : endOfUserById.get(id, userId)) ?? null;
    },
    revokeAllForUser(userId, except, notBefore) {
      raiseNotBefore.run(userId, notBefore);
      return endAllOfUser.all(userId, except);
    },
    touch(touches, now) {
      for (const touch of touches) touchRow.run({ ...touch, now });
    },
    rotateRefresh(rotation) {
      return rotate.run(withKey(rotation)).changes === 1;
    },
    recordStepUp(record) {
      const json = stepUp.get(withKey(record));
      if (json === undefined) return { outcome: 'lost' };
      const row = toRow(json);
      if (record.verifiedAt === null) return { outcome: 'recorded', row };
      const stepUpProofs = withProof(row.stepUpProofs, record.method, record.verifiedAt);
      setStepUpProofs.run(JSON.stringify(stepUpProofs), row.id);
      return { outcome: 'recorded', row: { ...row, stepUpProofs } };
    },
    dropProofs(id) {
      return dropProofs.run(id).changes === 1;
    },
    replaceCredentials(replacement) {
      if (replaceTokens.run(withKey(replacement)).changes === 0) return { outcome: 'lost' };
      raiseNotBefore.run(replacement.userId, replacement.now);
      return { outcome: 'replaced', ended: endAllOfUser.all(replacement.userId, replacement.id) };
    },
    deleteExpired(now, notBefore, limit) {
      deleteNotBefore.run(notBefore);
      return deleteOver.run(now, limit).changes;
    },
  };
}

function withProof(proofs: ProofTimes, method: string, verifiedAt: number): ProofTimes {
  const known = Object.hasOwn(proofs, method) ? proofs[method] : undefined;
  return { ...proofs, [method]: Math.max(verifiedAt, known ?? verifiedAt) };
}

type WithKey<T> = T & { readonly tokenKey: bigint };

function withKey<T extends { readonly tokenHash: TokenHash }>(change: T): WithKey<T> {
  return { ...change, tokenKey: tokenKey(change.tokenHash) };
}
