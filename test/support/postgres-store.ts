import { randomBytes } from 'node:crypto';
import { Pool, type PoolConfig } from 'pg';
import type { Store } from '../../lib/stores/contract/store.js';
import { type PostgresStoreOptions, postgresStore } from '../../lib/stores/postgres/index.js';
import { postgresBinaries, startPostgres } from './postgres.js';
import type { FullStore, TestStore } from './stores.js';

export interface ConnectedPostgres {
  readonly config: PoolConfig;
  /** For what the tests themselves have to do. */
  readonly admin: Pool;
  stop(): Promise<void>;
}

export interface PostgresTestStoreOptions extends PostgresStoreOptions {
  /** Of the database, for example `-c default_transaction_isolation=serializable`. */
  readonly settings?: string;
  readonly pool?: PoolConfig;
}

/** What the tests lack on this machine, if they do. */
export const missingPostgres: string | undefined =
  process.env['PG_URL'] === undefined && postgresBinaries === null
    ? 'PostgreSQL: initdb and postgres, or PG_URL'
    : undefined;

/** On the server of `PG_URL`, or on one of its own, which it starts when the first store is made. */
export function postgresTestStore(
  name = 'postgres',
  { settings = '', pool: poolConfig = {}, ...options }: PostgresTestStoreOptions = {},
): TestStore {
  const schemaOf = new WeakMap<Store, string>();
  const made: string[] = [];
  const free: string[] = [];
  let server: Promise<ConnectedPostgres> | null = null;

  // A store has a schema to itself. Emptying one takes a tenth of the time of making one.
  async function make(): Promise<FullStore> {
    server ??= connectPostgres();
    const { config, admin } = await server;
    const used = free.pop();
    const schema = used ?? `stepgate_test_${randomBytes(8).toString('hex')}`;
    const pool = new Pool({ ...config, ...poolConfig, options: `-c search_path=${schema} ${settings}` });
    const opened = postgresStore(pool, options);
    if (used === undefined) {
      made.push(schema);
      await admin.query(`CREATE SCHEMA ${schema}`);
      await opened.migrate();
    }
    const store: FullStore = {
      ...opened,
      close: async () => {
        await pool.end();
        const tables = (await tablesOf(admin, schema)).filter((table) => !table.endsWith('.stepgate_schema'));
        await admin.query(tables.map((table) => `DELETE FROM ${table};`).join(' '));
        await admin.query(`UPDATE ${schema}.stepgate_schema SET realm = NULL`);
        free.push(schema);
      },
    };
    schemaOf.set(store, schema);
    return store;
  }

  return {
    name,
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
      for (const schema of made.splice(0)) await admin.query(`DROP SCHEMA ${schema} CASCADE`);
      await admin.end();
      await stop();
    },
    ...(missingPostgres === undefined ? {} : { missing: missingPostgres }),
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
