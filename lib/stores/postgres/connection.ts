import { type BatchQuery, runTogether } from './batch.js';
import { type PostgresClient, type PostgresPool, type PostgresResult, withClient } from './pool.js';

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
  /**
   * Runs the last statement of the transaction and commits, in one round trip: all of the transaction, where it is the
   * first, too. What is sent so may be done although no answer comes.
   */
  readonly runLast: Run;
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
  locked<T>(lock: Lock, work: (connection: Connection) => Promise<T>): Promise<T>;
  /** The same without such a lock: for work whose first statement locks the rows that it is about. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
}

export type Lock = readonly [kind: 'user' | 'session' | 'approvals', key: string];

export interface DatabaseOptions {
  readonly pool: PostgresPool;
  readonly prefix: string;
  readonly preparedStatements: boolean;
  /** Milliseconds: for a free connection, again for each statement on it, and for a transaction in all. */
  readonly timeout: number;
}

// The isolation level is said, since the contract's races are decided by what is committed when a lock is had.
const BEGIN: Statement<never> = { name: 'begin', text: () => 'BEGIN ISOLATION LEVEL READ COMMITTED' };
/**
 * The server is told the timeout, too: what we no longer wait for is not to go on waiting there, nor a machine that went
 * away to keep its locks. A statement is measured by what was set before it, so the lock's time is set for itself; and
 * CASE takes its parts in their order. Without a name there is no lock; two names with one number only wait for each other.
 */
const SET_UP: Statement<never> = {
  name: 'set_up',
  text: () => `SELECT set_config('statement_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $1, true),
    CASE WHEN set_config('lock_timeout', $1, true) IS NOT NULL THEN pg_advisory_xact_lock(hashtextextended($2, 0)) END`,
};
const COMMIT: Statement<never> = { name: 'commit', text: () => 'COMMIT' };

export function createDatabase({ pool, prefix, preparedStatements, timeout }: DatabaseOptions): Database {
  const texts = new Map<Statement<unknown>, string>();

  function textOf(statement: Statement<unknown>): string {
    const text = texts.get(statement) ?? statement.text(prefix);
    texts.set(statement, text);
    return text;
  }

  function query(statement: Statement<unknown>, values: readonly unknown[], hasRows: boolean): BatchQuery {
    const text = textOf(statement);
    // A colon is in no prefix: two stores on one pool can't have one name for two statements.
    return preparedStatements
      ? { text, values, hasRows, name: `${prefix}:${statement.name}` }
      : { text, values, hasRows };
  }

  /** Runs a statement, and in the same round trip what has to come before and after it. */
  async function run<Row>(
    client: PostgresClient,
    statement: Statement<Row>,
    values: readonly unknown[],
    { before = [], after = [] }: { before?: readonly BatchQuery[]; after?: readonly BatchQuery[] } = {},
  ): Promise<Answer<Row>> {
    const queries = [...before, query(statement, values, true), ...after];
    const { rows, rowCount } = (await runTogether(client, queries, timeout))[before.length] ?? NOTHING;
    return { rows: rows as readonly Row[], count: rowCount ?? 0 }; // what the statement selects
  }

  const commit = query(COMMIT, [], false);

  function transaction<T>(lock: Lock | null, work: (connection: Connection) => Promise<T>): Promise<T> {
    const start = performance.now();
    return withClient(pool, timeout, async (client) => {
      // The lock, the statements before the last one and the last one share what the connection has left of the time:
      // nothing is committed when its caller has been told that nothing was done.
      const left = timeout - (performance.now() - start);
      const patience = Math.max(1, Math.floor(left / (lock === null ? 2 : 3)));
      const name = lock && `${prefix} ${lock.join(' ')}`;
      let before = [query(BEGIN, [], false), query(SET_UP, [String(patience), name], false)];
      let isCommitted = false;

      function checkTime(needed: number): void {
        if (performance.now() - start < timeout - needed) return;
        throw new Error(`It took longer than ${timeout} ms in all; nothing was done.`);
      }

      const answer = await work({
        async run(statement, values) {
          const opened = await run(client, statement, values, { before });
          before = [];
          return opened;
        },
        async runLast(statement, values) {
          checkTime(before.length === 0 ? patience : 0);
          isCommitted = true;
          return run(client, statement, values, { before, after: [commit] });
        },
      });
      if (!isCommitted) {
        checkTime(0);
        await runTogether(client, [commit], timeout);
      }
      return answer;
    });
  }

  return {
    prefix,
    read(statement, values) {
      const copies = copiesOf(values);
      return withClient(pool, timeout, (client) => run(client, statement, copies));
    },
    write(statement, values) {
      const copies = copiesOf(values);
      return transaction(null, (connection) => connection.run(statement, copies));
    },
    locked: transaction,
    transaction: (work) => transaction(null, work),
  };
}

const NOTHING: PostgresResult = { rows: [], rowCount: 0 };

function copiesOf(values: readonly unknown[]): readonly unknown[] {
  return values.map((value: unknown) => (Array.isArray(value) ? Array.from<unknown>(value) : value));
}
