import type { Database } from 'better-sqlite3';
import type { TokenHash } from '../../internal/tokens.js';
import type { ListUserSessions, SessionCursor, SessionRow, SessionStore } from '../contract/sessions.js';
import type { Synchronous } from './operations.js';

export type SessionReads = Synchronous<Pick<SessionStore, 'find' | 'get' | 'listForUser' | 'list'>>;

export function sessionReads(db: Database, prefix: string): SessionReads {
  const selectFrom = `SELECT ${ROW} FROM ${prefix}_sessions`;
  // Two statements: nearly every request carries the current token, and an OR would look in both indexes each time.
  const byTokenKey = db.prepare<[bigint], string>(`${selectFrom} WHERE token_key = ?`).pluck();
  const byPreviousToken = db.prepare<[string], string>(`${selectFrom} WHERE previous_token_hash = ?`).pluck();
  const byId = db.prepare<[string], string>(`${selectFrom} WHERE id = ?`).pluck();
  // The sorting reads all the user's rows for each page: an index in this order would be written anew by every touch.
  const ofUser = db
    .prepare<[Omit<ListUserSessions, 'after'> & SessionCursor], string>(`
    ${selectFrom} WHERE user_id = @userId AND +ends_at > @now
      AND (-last_seen_at, -created_at, id) > (-@lastSeenAt, -@createdAt, @id)
    ORDER BY -last_seen_at, -created_at, id LIMIT @limit`)
    .pluck();
  // The plus keeps SQLite from taking the index on `ends_at` and sorting all live rows.
  const page = db
    .prepare<[string, number, number], string>(`${selectFrom} WHERE id > ? AND +ends_at > ? ORDER BY id LIMIT ?`)
    .pluck();

  return {
    find(tokenHash) {
      const current = byTokenKey.get(tokenKey(tokenHash));
      const row = current === undefined ? null : toRow(current);
      if (row?.tokenHash === tokenHash) return row; // else another hash begins with the same characters
      const previous = byPreviousToken.get(tokenHash);
      return previous === undefined ? null : toRow(previous);
    },
    get(id) {
      const row = byId.get(id);
      return row === undefined ? null : toRow(row);
    },
    listForUser({ userId, limit, after, now }) {
      return ofUser.all({ userId, limit, now, ...(after ?? BEFORE_ALL) }).map(toRow);
    },
    list({ limit, after, now }) {
      return page.all(after ?? '', now, limit).map(toRow);
    },
  };
}

const BEFORE_ALL: SessionCursor = { lastSeenAt: Number.POSITIVE_INFINITY, createdAt: 0, id: '' };

const key = new DataView(new ArrayBuffer(8));

/**
 * The first ten characters of a hash as a number: 60 bits, as random as the hash. Rows lie in its order, see schema.ts.
 * Two live sessions never share one in practice: with 10,000,000 of them a new one fails once in 100,000,000,000 times.
 */
export function tokenKey(tokenHash: TokenHash): bigint {
  key.setUint32(0, half(tokenHash, 0));
  key.setUint32(4, half(tokenHash, 5));
  return key.getBigInt64(0);
}

/** Decoding the base64url would take six times as long. The characters lie less than 81 apart, and 81 ** 5 < 2 ** 32. */
function half(tokenHash: TokenHash, start: number): number {
  let number = 0;
  for (let i = start; i < start + 5; i++) number = number * 81 + tokenHash.charCodeAt(i) - 45;
  return number;
}

/**
 * What is selected of a row: one JSON text of all 33 values. Handing a value over from SQLite to JavaScript costs about
 * 0.2 µs, so that 33 of them would take longer than finding the row. The last six are JSON in the table already.
 */
export const ROW = `'[' || json_array(
  id, user_id, delivery, created_at, authenticated_at, last_seen_at, idle_expires_at, expires_at, user_agent, ip, label,
  token_hash, previous_token_hash, token_nonce, token_method, token_issued_at, token_confirmed_at, refresh_hash,
  parent_refresh_hash, refresh_nonce, refreshed_at, refresh_confirmed_at, acr, generation,
  idle_lifetime, persistent, restricted
) || ',' || amr || ',' || passed_methods || ',' || sign_in_proofs || ',' || step_up_proofs || ',' || ifnull(impersonator, 'null') || ',' ||
  ifnull(data, 'null') || ']'`;

type Scalars = readonly [
  id: SessionRow['id'],
  userId: SessionRow['userId'],
  delivery: SessionRow['delivery'],
  createdAt: SessionRow['createdAt'],
  authenticatedAt: SessionRow['authenticatedAt'],
  lastSeenAt: SessionRow['lastSeenAt'],
  idleExpiresAt: SessionRow['idleExpiresAt'],
  expiresAt: SessionRow['expiresAt'],
  userAgent: SessionRow['userAgent'],
  ip: SessionRow['ip'],
  label: SessionRow['label'],
  tokenHash: SessionRow['tokenHash'],
  previousTokenHash: SessionRow['previousTokenHash'],
  tokenNonce: SessionRow['tokenNonce'],
  tokenMethod: SessionRow['tokenMethod'],
  tokenIssuedAt: SessionRow['tokenIssuedAt'],
  tokenConfirmedAt: SessionRow['tokenConfirmedAt'],
  refreshHash: SessionRow['refreshHash'],
  parentRefreshHash: SessionRow['parentRefreshHash'],
  refreshNonce: SessionRow['refreshNonce'],
  refreshedAt: SessionRow['refreshedAt'],
  refreshConfirmedAt: SessionRow['refreshConfirmedAt'],
  acr: SessionRow['acr'],
  generation: SessionRow['generation'],
  idleLifetime: SessionRow['idleLifetime'],
  persistent: 0 | 1,
  restricted: 0 | 1,
];

type Selected = readonly [
  scalars: Scalars,
  amr: SessionRow['amr'],
  passedMethods: SessionRow['passedMethods'],
  signInProofs: SessionRow['signInProofs'],
  stepUpProofs: SessionRow['stepUpProofs'],
  impersonator: SessionRow['impersonator'],
  data: SessionRow['data'],
];

export function toRow(json: string): SessionRow {
  const [scalars, amr, passedMethods, signInProofs, stepUpProofs, impersonator, data] = parse(json);
  return {
    id: scalars[0],
    userId: scalars[1],
    delivery: scalars[2],
    createdAt: scalars[3],
    authenticatedAt: scalars[4],
    lastSeenAt: scalars[5],
    idleExpiresAt: scalars[6],
    expiresAt: scalars[7],
    userAgent: scalars[8],
    ip: scalars[9],
    label: scalars[10],
    tokenHash: scalars[11],
    previousTokenHash: scalars[12],
    tokenNonce: scalars[13],
    tokenMethod: scalars[14],
    tokenIssuedAt: scalars[15],
    tokenConfirmedAt: scalars[16],
    refreshHash: scalars[17],
    parentRefreshHash: scalars[18],
    refreshNonce: scalars[19],
    refreshedAt: scalars[20],
    refreshConfirmedAt: scalars[21],
    acr: scalars[22],
    generation: scalars[23],
    amr,
    passedMethods,
    signInProofs,
    stepUpProofs,
    idleLifetime: scalars[24],
    persistent: scalars[25] === 1,
    restricted: scalars[26] === 1,
    impersonator,
    data,
  };
}

function parse(json: string): Selected {
  try {
    return JSON.parse(json) as Selected; // of what `ROW` selects; the table's types and insertValues see to the rest
  } catch {
    throw new Error('A session row holds broken JSON.'); // the parser's own message would show a piece of it
  }
}
