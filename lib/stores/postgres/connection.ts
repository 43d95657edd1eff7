import { hash } from '../../internal/tokens.js';
import { type PostgresClient, type PostgresPool, withClient } from './pool.js';
import { TYPES } from './types.js';

/** One statement with its name, by which the server keeps it prepared. */
export interface Statement<Row> {
  readonly name: string;
  /** For the prefix of the tables' names. */
  readonly text: (prefix: string) => string;
  /** Only there to carry the type. */
  readonly row?: Row;
}

export interface Answer<Row> {
  readonly rows: readonly Row[];
  readonly count: number;
}

export type Run = <Row>(statement: Statement<Row>, values: readonly unknown[]) => Promise<Answer<Row>>;

/** Inside one transaction. */
export interface Connection {
  readonly run: Run;
}

/** The values are copied before anything is awaited. */
export interface Database {
  /** Of the names of the tables. */
  readonly prefix: string;
  /** Runs a statement that changes nothing. */
  readonly read: Run;
  /**
   * Runs one statement in a transaction of its own. What is not answered in time was then never committed: without one,
   * a statement that waits for a lock goes on waiting when nobody waits for it any more, and is applied when it has it.
   */
  readonly write: Run;
  /**
   * Runs `work` in a transaction that has the lock of this key to itself: read what is there, decide, write. A statement
   * begins with a look at what is committed by then, so the lock must be had before the first one that matters. `work`
   * begins later: it works on copies of what its caller was given.
   */
  locked<T>(kind: 'user' | 'session', key: string, work: (connection: Connection) => Promise<T>): Promise<T>;
  /** The same without such a lock: for work whose first statement locks the rows that it is about. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
}

export interface DatabaseOptions {
  readonly pool: PostgresPool;
  readonly prefix: string;
  readonly preparedStatements: boolean;
  /** Milliseconds: for a free connection, again for each statement on it, and for a transaction in all. */
  readonly timeout: number;
}

export function createDatabase({ pool, prefix, preparedStatements, timeout }: DatabaseOptions): Database {
  const texts = new Map<Statement<unknown>, string>();

  function textOf(statement: Statement<unknown>): string {
    const text = texts.get(statement) ?? statement.text(prefix);
    texts.set(statement, text);
    return text;
  }

  const on = (client: PostgresClient): Connection => ({
    async run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Answer<Row>> {
      const query = { text: textOf(statement), values: [...values], types: TYPES, query_timeout: timeout };
      // A colon is in no prefix: two stores on one pool can't have one name for two statements.
      const named = preparedStatements ? { ...query, name: `${prefix}:${statement.name}` } : query;
      const result = await client.query(named);
      return { rows: result.rows as readonly Row[], count: result.rowCount ?? 0 }; // what the statement selects
    },
  });
  const plain = (client: PostgresClient, text: string) => client.query({ text, query_timeout: timeout });
  // The isolation level is said, since the contract's races are decided by what is committed when a lock is had. The
  // server is told the timeout, too: what we no longer wait for is not to go on waiting there, nor a machine that went
  // away to keep its locks. All in one round trip; the numbers are ours, so they may stand in the text.
  const begin = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = ${timeout};
    SET LOCAL idle_in_transaction_session_timeout = ${timeout}`;

  function transaction<T>(first: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    const deadline = performance.now() + timeout;
    return withClient(pool, timeout, async (client) => {
      await plain(client, first);
      const answer = await work(on(client));
      // Each wait may have been short enough and all of them too long: who asked has been told that nothing was done.
      if (performance.now() >= deadline) throw new Error(`It took longer than ${timeout} ms in all; nothing was done.`);
      await plain(client, 'COMMIT');
      return answer;
    });
  }

  return {
    prefix,
    read(statement, values) {
      const copies = copiesOf(values);
      return withClient(pool, timeout, (client) => on(client).run(statement, copies));
    },
    write(statement, values) {
      const copies = copiesOf(values);
      return transaction(begin, (connection) => connection.run(statement, copies));
    },
    locked(kind, key, work) {
      const lock = lockNumber(`${prefix} ${kind} ${key}`);
      return transaction(`${begin}; SELECT pg_advisory_xact_lock(${lock})`, work);
    },
    transaction: (work) => transaction(begin, work),
  };
}

function copiesOf(values: readonly unknown[]): readonly unknown[] {
  return values.map((value: unknown) => (Array.isArray(value) ? Array.from<unknown>(value) : value));
}

/** Advisory locks are numbers of 64 bits. Two names with one number would only wait for each other. */
function lockNumber(name: string): string {
  const digest = Buffer.from(hash(Buffer.from(name, 'utf8')));
  return digest.readBigInt64BE(0).toString();
}
