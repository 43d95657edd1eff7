import { CHANGEABLE, COLUMNS, NAMES } from '../contract/session-columns.js';
import type { SessionRow } from '../contract/sessions.js';

/**
 * Of `s`, all columns as one JSON array, since the server describes each column of each answer, and `pg` reads the
 * description each time. A time fits a number of JSON for the next 280,000 years. `data`, `amr`, `passed_methods` and
 * `impersonator` are JSON text in it: `jsonb` would refuse what JSON allows, such as `\u0000`.
 */
export const ROW: string = `json_build_array(${NAMES.map((name) => `s.${COLUMNS[name]}`).join(', ')}) AS "row"`;

export interface StoredSession {
  /** JSON */
  readonly row: string;
}

export function toRow(stored: StoredSession): SessionRow {
  const values = JSON.parse(stored.row) as readonly unknown[]; // as `ROW` selects
  const row: Partial<Record<keyof SessionRow, unknown>> = {};
  let index = 0;
  for (const name of NAMES) row[name] = values[index++];
  for (const name of JSON_TEXT) {
    const text = row[name];
    if (typeof text === 'string') row[name] = JSON.parse(text);
  }
  return row as SessionRow; // what `parameters` wrote
}

const JSON_TEXT = ['data', 'amr', 'passedMethods', 'impersonator'] as const;

/** The names of the columns, and beside them the parameters for their values from `$first` on. */
export function columnsAndValues(first: number): readonly [columns: string, values: string] {
  const names = NAMES.map((name) => COLUMNS[name]);
  return [names.join(', '), names.map((_, index) => `$${index + first}`).join(', ')];
}

/** The values for `columnsAndValues`. */
export function parameters(row: SessionRow): readonly unknown[] {
  return NAMES.map((name) => toColumn(row[name]));
}

/** Takes the id, and what `changeable` gives of the new row. */
export const updateRow = (prefix: string): string => `UPDATE ${prefix}_sessions
  SET ${CHANGEABLE.map((name, index) => `${COLUMNS[name]} = $${index + 2}`).join(', ')} WHERE id = $1`;

/** The same, and after that what it gives of the row that must be there. */
export const updateKnownRow = (prefix: string): string =>
  [
    updateRow(prefix),
    ...CHANGEABLE.map((name, index) => `${COLUMNS[name]} IS NOT DISTINCT FROM $${index + 2 + CHANGEABLE.length}`),
  ].join(' AND ');

/** Of all that a change may alter. */
export function changeable(row: SessionRow): readonly unknown[] {
  return CHANGEABLE.map((name) => toColumn(row[name]));
}

/** Whether there is anything to write. */
export function changes(before: SessionRow, after: SessionRow): boolean {
  return CHANGEABLE.some((name) => toColumn(before[name]) !== toColumn(after[name]));
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
    ...Object.fromEntries(NAMES.map((name, index) => [COLUMNS[name], values[index]])),
    sign_in_proofs: signInProofs,
    step_up_proofs: stepUpProofs,
  };
}

/** Of `s`, at the time `$1`. */
export const LIVE = 's.idle_expires_at > $1 AND s.expires_at > $1';

/** Of `s`, as `cameWithRefresh`. */
export const CAME_WITH_REFRESH = 's.refresh_hash IS NOT NULL AND s.token_method IS NULL';
