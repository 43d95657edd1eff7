import { resolve } from 'node:path';
import { Pool } from 'pg';
import { createClient } from 'redis';
import type { Store } from 'stepgate';
import { postgresStore } from 'stepgate/postgres';
import { redisStore } from 'stepgate/redis';
import { sqliteStore } from 'stepgate/sqlite';
import type { Database } from './database.js';
import { openPostgres } from './database-postgres.js';
import { openSqlite } from './database-sqlite.js';

export interface StorageOptions {
  /** A SQLite file, or `postgres://…`: of the bank's own tables and of the instance's. */
  readonly database: string;
  /** `redis://…`: where stepgate keeps sessions instead. Null: in the database. */
  readonly sessions: string | null;
}

export interface Storage {
  readonly db: Database;
  readonly store: Store;
  /** After stepgate is closed. */
  close(): Promise<void>;
}

export function isPostgres(database: string): boolean {
  return /^postgres(ql)?:/.test(database);
}

export async function openStorage({ database, sessions }: StorageOptions): Promise<Storage> {
  const storage = await (isPostgres(database) ? inPostgres(database) : inSqlite(database));
  return sessions === null ? storage : withSessionsInRedis(storage, sessions);
}

async function inSqlite(file: string): Promise<Storage> {
  const db = await openSqlite(resolve(file));
  return { db, store: sqliteStore(file), close: async () => db.close() };
}

async function inPostgres(connectionString: string): Promise<Storage> {
  const pool = new Pool({ connectionString });
  const store = postgresStore(pool);
  await store.migrate();
  return { db: await openPostgres(pool), store, close: () => pool.end() };
}

async function withSessionsInRedis({ db, store, close }: Storage, url: string): Promise<Storage> {
  const client = createClient({ url, disableOfflineQueue: true });
  client.on('error', (error) => console.error(`Redis: ${error}`)); // it connects again by itself
  await client.connect();
  return {
    db,
    store: { ...store, sessions: redisStore(client).sessions },
    async close() {
      client.destroy();
      await close();
    },
  };
}
