import { Redis } from 'ioredis';
import { createClient, type RedisClientType } from 'redis';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { type RedisStore, redisStore } from '../../lib/stores/redis/index.js';
import { idOf, NOT_BEFORE, userOf } from '../../lib/stores/redis/keys.js';
import { toRow } from '../../lib/stores/redis/session-row.js';
import { commandOptions, hasRedisServer, type RedisServer, startRedisServer } from './redis-server.js';
import type { FullStore, StoreMaker } from './stores.js';

const url = process.env['REDIS_URL'];

let server: Promise<RedisServer> | undefined;

const clientOf = new WeakMap<Store, RedisClientType>();

/** On a server that this process starts with the first store, or else on that of `REDIS_URL`, which is for tests only. */
export function redisTestStore(): StoreMaker {
  return testStore(async (client) => ({ store: redisStore(client), close: async () => {} }));
}

/** The same, by a client of ioredis. */
export function ioredisTestStore(): StoreMaker {
  return testStore(async (_client, db) => {
    const client = hasRedisServer ? new Redis((await sharedServer()).path, { db }) : new Redis(url ?? '', { db });
    return { store: redisStore(client), close: async () => client.disconnect() };
  });
}

/** Of the same database as that client. */
type OpenStore = (client: RedisClientType, db: number) => Promise<{ store: RedisStore; close: () => Promise<void> }>;

function testStore(open: OpenStore): StoreMaker {
  return { make: () => temporaryStore(open), rawRows };
}

/** A store in a database of its own. What Redis doesn't keep is kept in memory. */
async function temporaryStore(open: OpenStore): Promise<FullStore> {
  const { client, db } = await connect();
  const opened = await open(client, db);
  const store: FullStore = {
    ...memoryStore(),
    ...opened.store,
    close: async () => {
      await opened.close();
      await client.flushDb();
      client.destroy();
    },
  };
  clientOf.set(store, client);
  return store;
}

async function connect(): Promise<{ client: RedisClientType; db: number }> {
  const client = await connectTo(hasRedisServer ? await sharedServer() : null);
  const { databases } = await client.configGet('databases');
  const used = await client.incr('stepgate-tests'); // in database 0; stores take the others in turn
  const db = 1 + (used % (Number(databases) - 1));
  await client.select(db);
  await client.flushDb();
  return { client, db };
}

function sharedServer(): Promise<RedisServer> {
  server ??= startRedisServer();
  return server;
}

/** A client of a server, or of `REDIS_URL`. It waits quietly for a server that is away. */
async function connectTo(to: RedisServer | null): Promise<RedisClientType> {
  const client: RedisClientType =
    to === null
      ? createClient({ url: url ?? '', commandOptions })
      : createClient({ socket: { path: to.path, tls: false }, commandOptions });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/*
 * Keys that only lead to rows and aren't deleted with them: which sessions of a user have challenges or grants, and
 * which session's a challenge's id is. They go by themselves.
 */
const HINT = /:sessions-with-|^stepgate:challenge:/;

async function rawRows(store: Store): Promise<readonly string[]> {
  const client = clientOf.get(store);
  if (client === undefined) throw new Error('Not a temporary Redis store.');
  return rowsIn(client);
}

/** Everything a server holds, a line for each key. */
export async function rowsIn(client: RedisClientType): Promise<readonly string[]> {
  const keys = (await client.keys('*')).filter((key) => !HINT.test(key)).sort();
  return Promise.all(keys.map(async (key) => `${key} ${JSON.stringify(await contentOf(client, key))}`));
}

/** What the text of a session stands for, to be looked at beside it: times and names are short there. */
function sessionIn(key: string, field: string, value: string): string {
  if (!/^[^:]+:\{user:.*\}$/.test(key) || field === NOT_BEFORE) return '';
  return ` ${JSON.stringify(toRow(value, { userId: userOf(key), id: idOf(field) }))}`;
}

async function contentOf(client: RedisClientType, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'hash':
      // The order of its fields may change by itself.
      return Object.entries(await client.hGetAll(key))
        .map(([field, value]) => `${field} ${value}${sessionIn(key, field, value)}`)
        .sort();
    case 'zset':
      return client.zRangeWithScores(key, 0, -1);
    default:
      return client.get(key);
  }
}
