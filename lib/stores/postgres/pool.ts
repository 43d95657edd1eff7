/** The part of `pg.Pool` that is used, so that any version that has it will do. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  readonly totalCount: number;
  on(event: 'error', listener: () => void): unknown;
  listenerCount(event: 'error'): number;
}

export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresResult>;
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

/**
 * Runs `work` with a client of the pool. One whose work failed is closed, so that the server rolls back what it was at,
 * and no transaction or late answer is left for the next.
 */
export async function withClient<T>(
  pool: PostgresPool,
  timeout: number,
  work: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  const client = await freeClient(pool, timeout);
  client.on('error', ignore);
  let isBroken = true;
  try {
    const answer = await work(client);
    isBroken = false;
    return answer;
  } finally {
    client.off('error', ignore);
    client.release(isBroken);
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
