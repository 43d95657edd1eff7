import { Pool } from 'pg';
import type { Store } from '../../lib/stores/contract/store.js';
import { postgresStore } from '../../lib/stores/postgres/index.js';
import { missingPgBouncer, type PgBouncer, startPgBouncer } from './pgbouncer.js';
import { type PostgresServer, postgresBinaries, startPostgres } from './postgres.js';
import type { FullStore, TestStore } from './stores.js';

/** What the tests lack on this machine, if they do. */
const missing: string | undefined = postgresBinaries === null ? 'PostgreSQL: initdb and postgres' : missingPgBouncer;

interface Started {
  readonly server: PostgresServer;
  readonly bouncer: PgBouncer;
  /** Straight to the server. */
  readonly admin: Pool;
}

/** On a server of its own behind a PgBouncer in `transaction` mode, set up as docs/stores.md says. */
export function pgbouncerTestStore(): TestStore {
  const prefixOf = new WeakMap<Store, string>();
  const free: string[] = [];
  let made = 0;
  let started: Promise<Started> | null = null;

  // A store has a prefix to itself: what a connection asks for at its start, such as a schema, a pooler doesn't hand on.
  async function make(): Promise<FullStore> {
    started ??= start();
    const { bouncer, admin } = await started;
    const used = free.pop();
    const prefix = used ?? `t${++made}`;
    const pool = new Pool(bouncer.config);
    const opened = postgresStore(pool, { prefix, preparedStatements: false });
    if (used === undefined) await opened.migrate();
    const store: FullStore = {
      ...opened,
      close: async () => {
        await pool.end();
        const tables = (await tablesOf(admin, prefix)).filter((table) => table !== `${prefix}_schema`);
        await admin.query(tables.map((table) => `DELETE FROM ${table};`).join(' '));
        await admin.query(`UPDATE ${prefix}_schema SET realm = NULL`);
        free.push(prefix);
      },
    };
    prefixOf.set(store, prefix);
    return store;
  }

  return {
    name: 'postgres behind PgBouncer',
    make,
    async rawRows(store) {
      const { admin } = await (started ?? start());
      const texts: string[] = [];
      for (const table of await tablesOf(admin, prefixOf.get(store) ?? '')) {
        const { rows } = await admin.query<{ text: string }>(`SELECT to_json(t)::text AS text FROM ${table} t`);
        texts.push(...rows.map(({ text }) => text));
      }
      return texts;
    },
    async stop() {
      if (started === null) return;
      const { server, bouncer, admin } = await started;
      started = null;
      await admin.end();
      await bouncer.stop();
      await server.stop();
    },
    ...(missing === undefined ? {} : { missing }),
  };
}

async function start(): Promise<Started> {
  const server = await startPostgres();
  const bouncer = await startPgBouncer(server.config);
  const admin = new Pool(server.config);
  // `end` doesn't wait for the last connection to be closed, which may then be told that the server stops.
  admin.on('error', () => {});
  return { server, bouncer, admin };
}

async function tablesOf(admin: Pool, prefix: string): Promise<readonly string[]> {
  const { rows } = await admin.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE $1 ORDER BY tablename",
    [`${prefix}\\_%`],
  );
  return rows.map(({ name }) => name);
}
