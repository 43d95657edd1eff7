import type { SessionRow } from '../contract/sessions.js';

/**
 * The columns of a row under the names of a `SessionRow`. Times are selected as float8: an int8 comes as text, and
 * a millisecond fits a double for the next 280,000 years. `data`, `amr`, `passed_methods` and `impersonator` are JSON text: `jsonb`
 * would refuse what JSON allows, such as `\u0000`.
 */
const COLUMNS = {
  id: 'id',
  userId: 'user_id',
  delivery: 'delivery',
  createdAt: 'created_at::float8',
  authenticatedAt: 'authenticated_at::float8',
  lastSeenAt: 'last_seen_at::float8',
  idleExpiresAt: 'idle_expires_at::float8',
  expiresAt: 'expires_at::float8',
  userAgent: 'user_agent',
  ip: 'ip',
  label: 'label',
  data: 'data',
  tokenHash: 'token_hash',
  previousTokenHash: 'previous_token_hash',
  tokenNonce: 'token_nonce',
  tokenMethod: 'token_method',
  tokenIssuedAt: 'token_issued_at::float8',
  tokenConfirmedAt: 'token_confirmed_at::float8',
  refreshHash: 'refresh_hash',
  parentRefreshHash: 'parent_refresh_hash',
  refreshNonce: 'refresh_nonce',
  refreshedAt: 'refreshed_at::float8',
  refreshConfirmedAt: 'refresh_confirmed_at::float8',
  amr: 'amr',
  acr: 'acr',
  generation: 'generation::float8',
  passedMethods: 'passed_methods',
  signInProofs: 'sign_in_proofs',
  stepUpProofs: 'step_up_proofs',
  idleLifetime: 'idle_lifetime::float8',
  persistent: 'persistent',
  impersonator: 'impersonator',
} as const satisfies Record<keyof SessionRow, string>;

export const ROW: string = Object.entries(COLUMNS)
  .map(([name, column]) => `s.${column} AS "${name}"`)
  .join(', ');

export interface StoredSession extends Omit<SessionRow, 'data' | 'amr' | 'passedMethods' | 'impersonator'> {
  /** JSON */
  readonly data: string | null;
  /** JSON */
  readonly amr: string;
  /** JSON */
  readonly passedMethods: string;
  /** JSON */
  readonly impersonator: string | null;
}

export function toRow(stored: StoredSession): SessionRow {
  return {
    ...stored,
    data: parsedOrNull(stored.data) as SessionRow['data'], // what `parameters` wrote
    amr: JSON.parse(stored.amr) as SessionRow['amr'], // what `parameters` wrote
    passedMethods: JSON.parse(stored.passedMethods) as SessionRow['passedMethods'], // what `parameters` wrote
    impersonator: parsedOrNull(stored.impersonator) as SessionRow['impersonator'], // what `parameters` wrote
  };
}

function parsedOrNull(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

const NAMES = Object.keys(COLUMNS) as readonly (keyof SessionRow)[]; // its keys, which `Object.keys` calls strings

export const insertRow = (
  prefix: string,
): string => `INSERT INTO ${prefix}_sessions (${NAMES.map(columnName).join(', ')})
  VALUES (${NAMES.map((_, index) => `$${index + 1}`).join(', ')})`;

/** The values for `insertRow`. */
export function parameters(row: SessionRow): readonly unknown[] {
  return NAMES.map((name) => toColumn(row[name]));
}

/** What no `SessionChange` alters. */
const FIXED: ReadonlySet<keyof SessionRow> = new Set([
  'id',
  'userId',
  'delivery',
  'userAgent',
  'ip',
  'label',
  'data',
  'amr',
  'acr',
  'idleLifetime',
  'persistent',
  'impersonator',
]);
const CHANGEABLE = NAMES.filter((name) => !FIXED.has(name));

export const updateRow = (prefix: string): string => `UPDATE ${prefix}_sessions
  SET ${CHANGEABLE.map((name, index) => `${columnName(name)} = $${index + 2}`).join(', ')} WHERE id = $1`;

/** The values for `updateRow`; null where they are those of `before`. */
export function changes(before: SessionRow, after: SessionRow): readonly unknown[] | null {
  const values = CHANGEABLE.map((name) => toColumn(after[name]));
  return CHANGEABLE.every((name, index) => toColumn(before[name]) === values[index]) ? null : [after.id, ...values];
}

/** Lists and proofs are written as JSON. */
function toColumn(value: SessionRow[keyof SessionRow]): string | number | boolean | null {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

/** The same by the names of the columns, as JSON that the server takes apart. */
export function columns(row: SessionRow): object {
  const values = parameters(row);
  const { signInProofs, stepUpProofs } = row;
  return {
    ...Object.fromEntries(NAMES.map((name, index) => [columnName(name), values[index]])),
    sign_in_proofs: signInProofs,
    step_up_proofs: stepUpProofs,
  };
}

function columnName(name: keyof SessionRow): string {
  return COLUMNS[name].replace('::float8', '');
}

/** Of `s`, at the time `$1`. */
export const LIVE = 's.idle_expires_at > $1 AND s.expires_at > $1';

/** Of `s`, as `cameWithRefresh`. */
export const CAME_WITH_REFRESH = 's.refresh_hash IS NOT NULL AND s.token_method IS NULL';
