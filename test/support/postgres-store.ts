import { randomBytes } from 'node:crypto';
import { Pool, type PoolConfig } from 'pg';
import type { Store } from '../../lib/stores/contract/store.js';
import { type PostgresStoreOptions, postgresStore } from '../../lib/stores/postgres/index.js';
import { startPostgres } from './postgres.js';
import type { FullStore, StoreMaker } from './stores.js';

export interface ConnectedPostgres {
  readonly config: PoolConfig;
  /** For what the tests themselves have to do. */
  readonly admin: Pool;
  stop(): Promise<void>;
}

/** A schema that a store has to itself, with its connections: emptying it takes a tenth of the time of making one. */
interface Place {
  readonly schema: string;
  readonly pool: Pool;
  /** SQL */
  readonly emptying: string;
}

export interface PostgresTestStoreOptions extends PostgresStoreOptions {
  /** Of the database, for example `-c default_transaction_isolation=serializable`. */
  readonly settings?: string;
  readonly pool?: PoolConfig;
}

/** On the server of `PG_URL`, or on one of its own, which it starts when the first store is made. */
export function postgresTestStore({
  settings = '',
  pool: poolConfig = {},
  ...options
}: PostgresTestStoreOptions = {}): Required<StoreMaker> {
  const schemaOf = new WeakMap<Store, string>();
  const made: Place[] = [];
  const free: Place[] = [];
  let server: Promise<ConnectedPostgres> | null = null;

  async function makePlace({ config, admin }: ConnectedPostgres): Promise<Place> {
    const schema = `stepgate_test_${randomBytes(8).toString('hex')}`;
    const pool = new Pool({ ...config, ...poolConfig, options: `-c search_path=${schema} ${settings}` });
    // A connection that nobody uses may be told that the server stops.
    pool.on('error', () => {});
    await admin.query(`CREATE SCHEMA ${schema}`);
    await postgresStore(pool, options).migrate();
    const tables = (await tablesOf(admin, schema)).filter((table) => !table.endsWith('.stepgate_schema'));
    const emptying = [
      ...tables.map((table) => `DELETE FROM ${table}`),
      `UPDATE ${schema}.stepgate_schema SET realm = NULL`,
    ];
    const place = { schema, pool, emptying: emptying.join('; ') };
    made.push(place);
    return place;
  }

  async function make(): Promise<FullStore> {
    server ??= connectPostgres();
    const { admin } = await server;
    const place = free.pop() ?? (await makePlace(await server));
    const store: FullStore = {
      ...postgresStore(place.pool, options),
      close: async () => {
        // What was asked for is done first.
        while (place.pool.idleCount < place.pool.totalCount) await admin.query('SELECT');
        await admin.query(place.emptying);
        free.push(place);
      },
    };
    schemaOf.set(store, place.schema);
    return store;
  }

  return {
    make,
    async rawRows(store) {
      const { admin } = await (server ?? connectPostgres());
      const texts: string[] = [];
      for (const table of await tablesOf(admin, schemaOf.get(store) ?? '')) {
        const { rows } = await admin.query<{ text: string }>(`SELECT to_json(t)::text AS text FROM ${table} t`);
        texts.push(...rows.map(({ text }) => text));
      }
      return texts;
    },
    async stop() {
      if (server === null) return;
      const { admin, stop } = await server;
      server = null;
      free.length = 0;
      for (const { schema, pool } of made.splice(0)) {
        await pool.end();
        await admin.query(`DROP SCHEMA ${schema} CASCADE`);
      }
      await admin.end();
      await stop();
    },
  };
}

/** The server of `PG_URL`, or one of this process's own. */
export async function connectPostgres(): Promise<ConnectedPostgres> {
  const url = process.env['PG_URL'];
  const server = url === undefined ? await startPostgres() : null;
  const config = server?.config ?? { connectionString: url };
  const admin = new Pool(config);
  // `end` doesn't wait for the last connection to be closed, which may then be told that the server stops.
  admin.on('error', () => {});
  return { config, admin, stop: async () => server?.stop() };
}

async function tablesOf(admin: Pool, schema: string): Promise<readonly string[]> {
  const { rows } = await admin.query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY tablename',
    [schema],
  );
  return rows.map(({ name }) => `${schema}.${name}`);
}
