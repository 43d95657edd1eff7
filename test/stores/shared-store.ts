import { dirname } from 'node:path';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { createClient, type RedisClientOptions } from 'redis';
import type { Store } from '../../lib/stores/contract/store.js';
import { type PostgresStoreOptions, postgresStore } from '../../lib/stores/postgres/index.js';
import { redisStore } from '../../lib/stores/redis/index.js';

/** How a client of ioredis keeps no command while the server is away. */
const KEEPS_NOTHING = { enableOfflineQueue: false, maxRetriesPerRequest: 0 };

/** Where a store is that processes share, in a form that can be handed to a child process. */
export interface SharedDatabase {
  readonly store: 'postgres' | 'redis' | 'ioredis';
  /** The path of the server's unix socket. */
  readonly socket: string;
  /** How the app makes its client. @default as the docs say */
  readonly redis?: RedisClientOptions;
  readonly postgres?: PostgresStoreOptions;
}

/** Opens the store as an app does. Its `close` lets go of the connections. */
export async function openShared({
  store,
  socket,
  redis = {},
  postgres = {},
}: SharedDatabase): Promise<Required<Pick<Store, 'close'>> & Store> {
  if (store === 'postgres') {
    const pool = new Pool({ host: dirname(socket), user: 'stepgate', database: 'postgres' });
    const opened = postgresStore(pool, postgres);
    await opened.migrate();
    return { ...opened, close: () => pool.end() };
  }
  if (store === 'ioredis') {
    const client = new Redis({ ...KEEPS_NOTHING, path: socket, lazyConnect: true });
    const opened = redisStore(client);
    await client.connect();
    return { ...opened, close: async () => client.disconnect() };
  }
  const client = createClient({ ...redis, socket: { path: socket, tls: false } });
  const opened = redisStore(client);
  await client.connect();
  return { ...opened, close: async () => client.destroy() };
}
