/** The part of `pg.Pool` that is used, so that any version that has it will do. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  readonly totalCount: number;
  on(event: 'error', listener: () => void): unknown;
  listenerCount(event: 'error'): number;
}

export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresResult>;
  /** That of a `pg.Client`, to which several statements are written at once; without it they go one by one. */
  readonly connection?: unknown;
  /** The option of `pg.Client`, with which it takes statements one by one only. */
  readonly pipeline?: boolean;
  /** With `true` the connection is closed instead of going back to the pool. */
  release(destroy?: boolean): void;
  on(event: 'error', listener: () => void): unknown;
  off(event: 'error', listener: () => void): unknown;
}

export interface PostgresQuery {
  readonly text: string;
  readonly values?: unknown[];
  readonly name?: string;
  readonly query_timeout?: number;
  readonly types?: { getTypeParser(oid: number): (text: string) => unknown };
}

export interface PostgresResult {
  readonly rows: readonly unknown[];
  readonly rowCount: number | null;
}

/**
 * A connection that breaks says so by an `error` event, which ends a process that doesn't listen: an idle one through
 * its pool, one in use by itself. The statement under way rejects, and the pool puts another connection in the place of
 * a broken one, so there is nothing else to do.
 */
function ignore(): void {}

export function listenForBrokenConnections(pool: PostgresPool): void {
  if (pool.listenerCount('error') === 0) pool.on('error', ignore);
}

/** In milliseconds, the most that timers and PostgreSQL take: 24 days. */
export const MAX_TIMEOUT: number = 2 ** 31 - 1;

/**
 * Runs `work` with a client of the pool. Where the server has answered that a statement failed, what it was at is rolled
 * back and the connection goes on. After any other failure it is closed, so that the server rolls back, and no
 * transaction or late answer is left for the next.
 */
export async function withClient<T>(
  pool: PostgresPool,
  timeout: number,
  work: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  const client = await freeClient(pool, timeout);
  client.on('error', ignore);
  let isBroken = false;
  try {
    return await work(client);
  } catch (error) {
    isBroken = !(isOfStatement(error) && (await isRolledBack(client, timeout)));
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(isBroken);
  }
}

/**
 * Whether the server said so with an SQLSTATE, and of the statement alone. The others are of the connection, and the next
 * statement on it would meet the same: it ends (08, 57P), leads to what has become a replica (25), or has lost statements
 * that `pg` believes to be prepared, or has them out of date (0A, 26, 42P05).
 */
function isOfStatement(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code; // anything can be thrown
  return typeof code === 'string' && /^(?!08|57P|25|0A|26|42P05)[0-9A-Z]{5}$/.test(code);
}

/** Whether the connection answers still: that decides, whatever has been said of it. */
async function isRolledBack(client: PostgresClient, timeout: number): Promise<boolean> {
  try {
    await client.query({ text: 'ROLLBACK', query_timeout: timeout });
    return true;
  } catch {
    return false;
  }
}

/** One that comes too late goes back unused: its caller has been told that nothing was done. */
function freeClient(pool: PostgresPool, timeout: number): Promise<PostgresClient> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new Error(`The pool had no connection within ${timeout} ms; nothing was run.`));
    }, timeout);
    pool
      .connect()
      .then((client) => (isLate ? client.release() : resolve(client)), reject)
      .finally(() => clearTimeout(timer));
  });
}
