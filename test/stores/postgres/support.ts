import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { Pool, type PoolConfig } from 'pg';
import { cleanUp } from '../../support/clean-up.js';
import { describeIfPresent } from '../../support/needs.js';
import { missingPostgres } from '../../support/postgres.js';
import { type ConnectedPostgres, connectPostgres } from '../../support/postgres-store.js';

export interface TestDatabase {
  /** For what the tests themselves have to do. */
  admin(): Pool;
  /**
   * The pool of an app, by whose name the server knows its connections. Its default schema is a new one, that of another
   * pool, or one that is there.
   */
  pool(config?: PoolConfig & { readonly like?: Pool; readonly schema?: string }): Promise<Pool>;
}

/** A `describe` whose tests have a PostgreSQL server. */
export function describeOnPostgres(title: string, body: (database: TestDatabase) => void): void {
  describeIfPresent(title, missingPostgres, () => {
    const schemaOf = new WeakMap<Pool, string>();
    let server: ConnectedPostgres | null = null;
    beforeAll(async () => {
      server = await connectPostgres();
    });
    afterAll(async () => {
      await server?.admin.end();
      await server?.stop();
    });

    function connected(): ConnectedPostgres {
      if (server === null) throw new Error('The server is there when the tests run.');
      return server;
    }

    body({
      admin: () => connected().admin,
      async pool({ like, schema: given, ...config } = {}) {
        const { admin } = connected();
        const known = like === undefined ? given : schemaOf.get(like);
        const schema = known ?? `stepgate_test_${randomBytes(8).toString('hex')}`;
        if (known === undefined) await admin.query(`CREATE SCHEMA ${schema}`);
        const options = `-c search_path=${schema} ${config.options ?? ''}`;
        const pool = new Pool({ ...connected().config, application_name: schema, ...config, options });
        schemaOf.set(pool, schema);
        cleanUp(async () => {
          await pool.end();
          await admin.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
        });
        return pool;
      },
    });
  });
}

/** All columns and indexes of the pool's schema. */
export async function catalog(pool: Pool): Promise<readonly { readonly table: string; readonly what: string }[]> {
  const { rows } = await pool.query<{ table: string; what: string }>(`
    SELECT c.table_name AS table, concat_ws(' ', c.column_name, c.data_type, c.collation_name, c.is_nullable, c.column_default) AS what
      FROM information_schema.columns c WHERE c.table_schema = current_schema()
    UNION ALL
    SELECT i.tablename, replace(i.indexdef, current_schema() || '.', '') FROM pg_indexes i WHERE i.schemaname = current_schema()
    ORDER BY 1, 2`);
  return rows;
}

/** Waits until no connection of this name has anything to do on the server; one that is being made has no state yet. */
export async function idleOnServer(admin: Pool, applicationName: string): Promise<void> {
  await until(
    admin,
    "SELECT count(*) = 0 AS met FROM pg_stat_activity WHERE application_name = $1 AND state IS DISTINCT FROM 'idle'",
    [applicationName],
  );
}

/** Waits until a query that selects `met` says so. */
export async function until(admin: Pool, query: string, values: readonly unknown[]): Promise<void> {
  for (;;) {
    const { rows } = await admin.query<{ met: boolean }>(query, [...values]);
    if (rows[0]?.met === true) return;
  }
}
