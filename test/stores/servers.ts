import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { Pool } from 'pg';
import { describeIfPresent } from '../support/needs.js';
import { missingPgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { postgresBinaries, startPostgres } from '../support/postgres.js';
import { missingRedis, startRedisServer } from '../support/redis-server.js';
import type { SharedDatabase } from './shared-store.js';

/** A database server of the tests' own, which may be killed. What it has acknowledged survives that. */
export interface SharedServer {
  readonly database: SharedDatabase;
  /** At once, as by SIGKILL. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** How many transactions the server has ended because they waited for each other; Redis has no such. */
  deadlocks(): Promise<number>;
}

interface Kind {
  readonly name: string;
  readonly store: SharedDatabase['store'];
  readonly start: () => Promise<SharedServer>;
  readonly missing?: string;
}

const missingPooled = postgresBinaries === null ? 'PostgreSQL: initdb and postgres' : missingPgBouncer;

const kinds: readonly Kind[] = [
  {
    name: 'PostgreSQL',
    store: 'postgres',
    start: sharedPostgres,
    ...(postgresBinaries === null ? { missing: 'PostgreSQL: initdb and postgres' } : {}),
  },
  {
    name: 'PostgreSQL behind PgBouncer',
    store: 'postgres',
    start: pooledPostgres,
    ...(missingPooled === undefined ? {} : { missing: missingPooled }),
  },
  {
    name: 'Redis',
    store: 'redis',
    start: sharedRedis,
    ...(missingRedis === undefined ? {} : { missing: missingRedis }),
  },
  {
    name: 'Redis, by ioredis',
    store: 'ioredis',
    start: async () => {
      const server = await sharedRedis();
      return { ...server, database: { ...server.database, store: 'ioredis' } };
    },
    ...(missingRedis === undefined ? {} : { missing: missingRedis }),
  },
];

/** Writes tests for every store that processes on several machines can share, in a `describe` with a server of its own. */
export function forEachServer(body: (server: () => SharedServer, store: SharedDatabase['store']) => void): void {
  for (const { name, store, start, missing } of kinds) {
    describeIfPresent(`over one ${name}`, missing, () => {
      let server: SharedServer | undefined;
      beforeAll(async () => {
        server = await start();
      });
      afterAll(() => server?.stop());
      body(() => {
        if (server === undefined) throw new Error('The server is started before the first test.');
        return server;
      }, store);
    });
  }
}

async function sharedPostgres(): Promise<SharedServer> {
  const { config, kill, start, stop } = await startPostgres();
  return {
    database: { store: 'postgres', socket: join(config.host ?? '', '.s.PGSQL.5432') },
    kill,
    restart: start,
    stop,
    async deadlocks() {
      const pool = new Pool(config);
      const { rows } = await pool.query<{ deadlocks: number }>(
        'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
      );
      await pool.end();
      return rows[0]?.deadlocks ?? Number.NaN;
    },
  };
}

/** The server is killed and started again, and the pooler stays. */
async function pooledPostgres(): Promise<SharedServer> {
  const server = await sharedPostgres();
  const host = dirname(server.database.socket);
  const bouncer = await startPgBouncer({ host, user: 'stepgate', database: 'postgres' });
  const socket = join(bouncer.config.host ?? '', '.s.PGSQL.5432');
  return {
    ...server,
    database: { store: 'postgres', socket, postgres: { preparedStatements: false } },
    async stop() {
      await bouncer.stop();
      await server.stop();
    },
  };
}

async function sharedRedis(): Promise<SharedServer> {
  const server = await startRedisServer(['--appendonly', 'yes', '--appendfsync', 'always']);
  return { ...server, database: { store: 'redis', socket: server.path }, deadlocks: async () => 0 };
}
