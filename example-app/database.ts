/** Cents that the bank gives to everybody who opens an account: its money isn't real. */
export const OPENING_BALANCE = 1_000_000;

export type Value = string | number | null;

export interface Statements {
  /** Runs one statement and gives what it selects or returns. Its values stand as `$1`, `$2`, … in it. */
  run(sql: string, ...values: readonly Value[]): Promise<readonly Readonly<Record<string, Value>>[]>;
}

/** The bank's own tables. What it asks of them is SQL that SQLite and PostgreSQL both understand. */
export interface Database extends Statements {
  /** All that the work does, or nothing of it. The work may be run more than once. */
  transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T>;
}
