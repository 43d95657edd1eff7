import { hash } from '../../internal/blake3.js';
import { type PostgresClient, type PostgresPool, withClient } from './pool.js';

/** One statement with its name, by which the server keeps it prepared. */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Only there to carry the type. */
  readonly row?: Row;
}

export interface Answer<Row> {
  readonly rows: readonly Row[];
  readonly count: number;
}

/** Runs statements, on the pool or inside one transaction. The values are copied before anything is awaited. */
export interface Connection {
  run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Answer<Row>>;
}

export interface Database extends Connection {
  /**
   * Runs `work` in a transaction that has the lock of this key to itself: read what is there, decide, write. A statement
   * begins with a look at what is committed by then, so the lock must be had before the first one that matters. `work`
   * begins later: it works on copies of what its caller was given.
   */
  locked<T>(kind: 'user' | 'session', key: string, work: (connection: Connection) => Promise<T>): Promise<T>;
}

export interface DatabaseOptions {
  readonly pool: PostgresPool;
  readonly preparedStatements: boolean;
  /** Milliseconds: for a free connection, and again for each statement on it. */
  readonly timeout: number;
}

export function createDatabase({ pool, preparedStatements, timeout }: DatabaseOptions): Database {
  const on = (client: PostgresClient): Connection => ({
    async run<Row>({ name, text }: Statement<Row>, values: readonly unknown[]): Promise<Answer<Row>> {
      const query = { text, values: [...values], query_timeout: timeout };
      const result = await client.query(preparedStatements ? { ...query, name: `stepgate_${name}` } : query);
      return { rows: result.rows as readonly Row[], count: result.rowCount ?? 0 }; // what the statement selects
    },
  });
  const plain = (client: PostgresClient, text: string) => client.query({ text, query_timeout: timeout });

  return {
    run(statement, values) {
      const copies = values.map((value: unknown) => (Array.isArray(value) ? Array.from<unknown>(value) : value));
      return withClient(pool, timeout, (client) => on(client).run(statement, copies));
    },
    locked: (kind, key, work) =>
      withClient(pool, timeout, async (client) => {
        await plain(client, beginLocked(kind, key, timeout));
        const answer = await work(on(client));
        await plain(client, 'COMMIT');
        return answer;
      }),
  };
}

/**
 * All in one round trip. The isolation level is said, since at a higher one the look at what is committed would be from
 * before the lock. The server is told the timeout, too: a statement that we no longer wait for is not to go on waiting
 * for a lock, on a connection that the pool has replaced by another. The numbers are ours, so they may stand in the text.
 */
function beginLocked(kind: string, key: string, timeout: number): string {
  return `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = ${timeout};
    SELECT pg_advisory_xact_lock(${lockNumber(kind, key)})`;
}

/** Advisory locks are numbers of 64 bits. Two keys with one number would only wait for each other. */
function lockNumber(kind: string, key: string): string {
  const digest = Buffer.from(hash(Buffer.from(`stepgate ${kind} ${key}`, 'utf8')));
  return digest.readBigInt64BE(0).toString();
}
