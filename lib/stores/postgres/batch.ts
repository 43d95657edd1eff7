import type { PostgresClient, PostgresQuery, PostgresResult } from './pool.js';
import { TYPES } from './types.js';

/** One statement, and what its answer is for. */
export interface BatchQuery extends Pick<PostgresQuery, 'text' | 'name'> {
  readonly values: readonly unknown[];
  /** Whether its rows are wanted. */
  readonly hasRows: boolean;
}

/** Rows as objects by the names of the columns; none where they weren't wanted. */
interface BatchResult extends PostgresResult {
  readonly rows: object[];
  rowCount: number;
}

/**
 * Runs the statements one after another, in one round trip: all are written before the first answer is read. Of those
 * after one that fails none is run. A client that writes in its own way (`pg` on libpq, or with its `pipeline` option)
 * is given them one by one.
 */
export async function runTogether(
  client: PostgresClient,
  queries: readonly BatchQuery[],
  timeout: number,
): Promise<readonly PostgresResult[]> {
  if (client.connection === undefined || client.pipeline === true) {
    const results: PostgresResult[] = [];
    for (const { hasRows: _, values, ...query } of queries) {
      results.push(await client.query({ ...query, values: [...values], types: TYPES, query_timeout: timeout }));
    }
    return results;
  }
  const direct = client as unknown as { query(batch: Batch): void }; // as every client of `pg` that has its connection
  return new Promise((resolve, reject) => direct.query(new Batch(queries, timeout, resolve, reject)));
}

/** The part of the connection of `pg` that a batch writes to: that which pg-cursor and pg-query-stream are made with. */
interface PostgresConnection {
  readonly stream: { cork?(): void; uncork?(): void };
  close(statement: { type: 'S'; name: string }): void;
  parse(statement: { name: string; text: string; types: readonly number[] }): void;
  bind(values: { portal: string; statement: string; values: readonly (string | null)[] }): void;
  describe(portal: { type: 'P'; name: string }): void;
  execute(portal: { portal: string; rows: number }): void;
  sync(): void;
}

/** What the server keeps prepared on each connection, by name. */
const prepared = new WeakMap<PostgresConnection, Set<string>>();

/** What `Client.query` of `pg` takes beside a text: it hands over the connection, and then each message of the answer. */
class Batch {
  readonly query_timeout: number;
  readonly #queries: readonly (BatchQuery & { readonly texts: readonly (string | null)[] })[];
  readonly #results: BatchResult[] = [];
  #columns: readonly Column[] = [];
  #rows: object[] = [];
  #names = new Set<string>();
  /** `pg` puts another in its place, which stops the clock of `query_timeout` first. */
  callback: (error: unknown, results?: readonly PostgresResult[]) => void;

  constructor(
    queries: readonly BatchQuery[],
    timeout: number,
    resolve: (results: readonly PostgresResult[]) => void,
    reject: (error: unknown) => void,
  ) {
    this.#queries = queries.map((query) => ({ ...query, texts: query.values.map(toText) }));
    this.query_timeout = timeout;
    this.callback = (error, results) => (results === undefined ? reject(error) : resolve(results));
  }

  submit(given: unknown): null {
    const connection = given as PostgresConnection; // as `pg` promises to those that have a `submit`
    this.#names = prepared.get(connection) ?? new Set();
    prepared.set(connection, this.#names);
    connection.stream.cork?.(); // else each message is written by itself
    for (const { name = '', text, texts, hasRows } of this.#queries) {
      if (!this.#names.has(name)) {
        // Where a batch failed nobody knows whether it had come so far. What isn't there is closed without an error.
        if (name !== '') connection.close({ type: 'S', name });
        connection.parse({ name, text, types: [] });
      }
      connection.bind({ portal: '', statement: name, values: texts });
      if (hasRows) connection.describe({ type: 'P', name: '' });
      connection.execute({ portal: '', rows: 0 });
    }
    connection.sync();
    connection.stream.uncork?.();
    return null;
  }

  handleRowDescription({ fields }: { readonly fields: readonly { name: string; dataTypeID: number }[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({ name, parse: TYPES.getTypeParser(dataTypeID) }));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.#columns.length === 0) return;
    const row: Record<string, unknown> = {};
    for (const [index, { name, parse }] of this.#columns.entries()) {
      const text = fields[index] ?? null;
      row[name] = text === null ? null : parse(text);
    }
    this.#rows.push(row);
  }

  /** The text ends with a number: `INSERT 0 1`, `SELECT 5`; `COMMIT` has none. */
  handleCommandComplete({ text }: { readonly text: string }): void {
    const name = this.#queries[this.#results.length]?.name;
    if (name !== undefined) this.#names.add(name);
    this.#results.push({ rows: this.#rows, rowCount: Number(/\d+$/.exec(text)?.[0] ?? 0) });
    this.#columns = [];
    this.#rows = [];
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#results);
  }

  handleError(error: unknown): void {
    this.callback(error);
  }
}

interface Column {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

/** A value as the server reads it; of lists, that of an array. */
function toText(value: unknown): string | null {
  return Array.isArray(value) ? `{${value.map(toItem).join(',')}}` : toScalar(value);
}

function toItem(value: unknown): string {
  const text = toScalar(value);
  return text === null ? 'NULL' : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function toScalar(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TypeError('A value must be text, a number, a boolean, null or a list of these.');
}
