import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { postgresBinaries, startPostgres } from '../.build/test/support/postgres.js';
import { hasRedisServer, startRedisServer } from '../.build/test/support/redis-server.js';

/** A pool on the server of `PG_URL`, or on one that is started for it; null where neither can be had. */
export async function openPostgres() {
  const url = process.env.PG_URL;
  if (postgresBinaries === null && url === undefined) return null;
  const server = url === undefined ? await startPostgres() : null;
  const pool = new Pool(server?.config ?? { connectionString: url });
  return {
    pool,
    async close() {
      await pool.end();
      await server?.stop();
    },
  };
}

/** A client of the server of `REDIS_URL`, or of one that is started for it; null where neither can be had. */
export async function openRedis() {
  const url = process.env.REDIS_URL;
  if (!hasRedisServer && url === undefined) return null;
  const server = url === undefined ? await startRedisServer() : null;
  const client = createClient(server ? { socket: { path: server.path } } : { url });
  client.on('error', (error) => console.error(error));
  await client.connect();
  return {
    client,
    /** A client of ioredis on the same server, for the caller to disconnect. */
    async openIoredis() {
      const how = { enableOfflineQueue: false, maxRetriesPerRequest: 0, lazyConnect: true };
      const ioredis = server ? new Redis(server.path, how) : new Redis(url, how);
      await ioredis.connect();
      return ioredis;
    },
    async close() {
      await client.close();
      await server?.stop();
    },
  };
}
