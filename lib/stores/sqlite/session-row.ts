import type { SessionRow } from '../contract/sessions.js';
import { tokenKey } from './token-key.js';

/**
 * What is selected of a row: one JSON text of all 32 values. Handing a value over from SQLite to JavaScript costs about
 * 0.2 µs, so that 32 of them would take longer than finding the row. The last six are JSON in the table already.
 */
export const ROW = `'[' || json_array(
  id, user_id, delivery, created_at, authenticated_at, last_seen_at, idle_expires_at, expires_at, user_agent, ip, label,
  token_hash, previous_token_hash, token_nonce, token_method, token_issued_at, token_confirmed_at, refresh_hash,
  parent_refresh_hash, refresh_nonce, refreshed_at, refresh_confirmed_at, acr, generation,
  idle_lifetime, persistent
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
    impersonator,
    data,
  };
}

function parse(json: string): Selected {
  try {
    return JSON.parse(json) as Selected; // of what `ROW` selects; the table's types and rowParameters see to the rest
  } catch {
    throw new Error('A session row holds broken JSON.'); // the parser's own message would show a piece of it
  }
}

/** Takes `rowParameters`. */
export const insertRow = (prefix: string): string => `
  INSERT INTO ${prefix}_sessions (
    token_key, id, user_id, delivery, created_at, authenticated_at, last_seen_at, idle_expires_at, expires_at, user_agent, ip,
    label, token_hash, previous_token_hash, token_nonce, token_method, token_issued_at, token_confirmed_at, refresh_hash,
    parent_refresh_hash, refresh_nonce, refreshed_at, refresh_confirmed_at, acr, generation, amr, passed_methods,
    sign_in_proofs, step_up_proofs, idle_lifetime, persistent, impersonator, data
  ) VALUES (
    @tokenKey, @id, @userId, @delivery, @createdAt, @authenticatedAt, @lastSeenAt, @idleExpiresAt, @expiresAt, @userAgent, @ip,
    @label, @tokenHash, @previousTokenHash, @tokenNonce, @tokenMethod, @tokenIssuedAt, @tokenConfirmedAt, @refreshHash,
    @parentRefreshHash, @refreshNonce, @refreshedAt, @refreshConfirmedAt, @acr, @generation, @amr, @passedMethods,
    @signInProofs, @stepUpProofs, @idleLifetime, @persistent, @impersonator, @data
  )`;

/** Of all that a change may alter. Takes `rowParameters`. */
export const updateRow = (prefix: string): string => `
  UPDATE ${prefix}_sessions SET
    created_at = @createdAt, authenticated_at = @authenticatedAt, last_seen_at = @lastSeenAt,
    idle_expires_at = @idleExpiresAt, expires_at = @expiresAt,
    token_key = @tokenKey, token_hash = @tokenHash, previous_token_hash = @previousTokenHash, token_nonce = @tokenNonce,
    token_method = @tokenMethod, token_issued_at = @tokenIssuedAt, token_confirmed_at = @tokenConfirmedAt,
    refresh_hash = @refreshHash, parent_refresh_hash = @parentRefreshHash, refresh_nonce = @refreshNonce,
    refreshed_at = @refreshedAt, refresh_confirmed_at = @refreshConfirmedAt, generation = @generation,
    passed_methods = @passedMethods, sign_in_proofs = @signInProofs, step_up_proofs = @stepUpProofs
  WHERE id = @id`;

export function rowParameters(row: SessionRow): object {
  return {
    ...row,
    tokenKey: tokenKey(row.tokenHash),
    amr: JSON.stringify(row.amr),
    passedMethods: JSON.stringify(row.passedMethods),
    signInProofs: JSON.stringify(row.signInProofs),
    stepUpProofs: JSON.stringify(row.stepUpProofs),
    persistent: row.persistent ? 1 : 0,
    impersonator: row.impersonator === null ? null : JSON.stringify(row.impersonator),
    data: row.data === null ? null : JSON.stringify(row.data),
  };
}
