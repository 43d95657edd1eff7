import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { postgresStore } from '../../dist/esm/postgres.js';
import { redisStore } from '../../dist/esm/redis.js';
import { sqliteStore } from '../../dist/esm/sqlite.js';
import { openPostgres, openRedis } from '../databases.mjs';
import { newFolder, settings } from '../settings.mjs';
import { rowOf } from './fill-sqlite.mjs';

const PAGE = 1_000;
const COUNT = settings.quick ? 2_000 : 1_000_000;

/** The room that many sessions take, as they are put in and after each was seen once: nothing is packed. */
export async function measureSizes() {
  const lines = [...(await ofSqlite()), ...(await ofPostgres()), ...(await ofRedis())];
  return {
    title: `The room that ${COUNT.toLocaleString('en')} sessions take, with their indexes`,
    columns: ['store', 'MiB', 'a session takes'],
    lines,
    rows: [],
  };
}

async function ofSqlite() {
  const path = join(newFolder('sizes'), 'sessions.db');
  const line = (what) => lineOf(`SQLite, the file ${what}`, statSync(path).size);
  const lines = [];
  let store = sqliteStore(path);
  await store.migrate();
  const ids = await fill(store.sessions);
  await store.close(); // the last connection takes the write-ahead log away
  lines.push(line('as filled'));
  store = sqliteStore(path);
  await touchAll(store.sessions, ids);
  await store.close();
  lines.push(line('after each was seen'));
  return lines;
}

async function ofPostgres() {
  const opened = await openPostgres();
  if (opened === null) return [];
  const { pool, close } = opened;
  const { sessions, migrate } = postgresStore(pool);
  await migrate();
  const size = async () => {
    const { rows } = await pool.query("SELECT pg_total_relation_size('stepgate_sessions')::float8 AS size");
    return rows[0].size;
  };
  const ids = await fill(sessions);
  const lines = [lineOf('PostgreSQL, the table as filled', await size())];
  await touchAll(sessions, ids);
  lines.push(lineOf('PostgreSQL, the table after each was seen, not vacuumed', await size()));
  await close();
  return lines;
}

async function ofRedis() {
  const opened = await openRedis();
  if (opened === null) return [];
  const { client, close } = opened;
  const used = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1]);
  const empty = await used();
  const { sessions } = redisStore(client);
  const ids = await fill(sessions);
  const lines = [lineOf('Redis, the memory as filled', (await used()) - empty)];
  await touchAll(sessions, ids);
  lines.push(lineOf('Redis, the memory after each was seen', (await used()) - empty));
  await close();
  return lines;
}

async function fill(sessions) {
  const ids = [];
  for (let page = 0; page < COUNT / PAGE; page++) {
    const rows = Array.from({ length: PAGE }, (_, i) => rowOf(randomBytes(32).toString('base64url'), page * PAGE + i));
    await sessions.copy.put(rows);
    ids.push(...rows.map(({ id }) => id));
  }
  return ids;
}

async function touchAll(sessions, ids) {
  const seenAt = Date.now() + 60_000;
  const idleExpiresAt = seenAt + 7 * 86_400_000;
  for (let from = 0; from < ids.length; from += PAGE) {
    const batch = ids.slice(from, from + PAGE).map((id) => ({ id, seenAt, idleExpiresAt, confirms: null }));
    await sessions.touch(batch, seenAt);
  }
}

function lineOf(what, bytes) {
  return [what, (bytes / 2 ** 20).toFixed(1), `${Math.round(bytes / COUNT)} B`];
}
