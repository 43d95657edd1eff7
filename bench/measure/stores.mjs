import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import Database from 'better-sqlite3';
import makeSqliteStore from 'better-sqlite3-session-store';
import makePgStore from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { postgresStore } from '../../dist/esm/postgres.js';
import { redisStore } from '../../dist/esm/redis.js';
import { sqliteStore } from '../../dist/esm/sqlite.js';
import { openPostgres, openRedis } from '../databases.mjs';
import { sessionOf } from '../servers/express-session.mjs';
import { newFolder, settings } from '../settings.mjs';
import { median, spread } from '../statistics.mjs';
import { rowOf } from './fill-sqlite.mjs';

const COUNT = settings.quick ? 500 : 20_000;
/** After each round half of its sessions is left. */
const LEFT = (COUNT / 2) * settings.rounds;
const TOUCH_BATCH = 1_000; // what stepgate writes at once

/** `first finds`: by a store that knows no session yet, as another process finds one that this one has signed in. */
const STEPS = ['sign-ins', 'finds', 'first finds', 'touches', 'refreshes', 'revocations'];

/**
 * What a store does by itself, without HTTP: calls/s with 32 at once, each beside what an express-session store has for
 * it. They take turns, round after round; a ratio is the median of the rounds' own ratios.
 */
export async function measureStores() {
  const lines = [];
  const rows = [];
  for (const open of [besideSqlite, besidePostgres, besideRedis, besideRedisByIoredis]) {
    const opened = await open();
    if (opened === null) continue;
    const { name, peerName, targets = {}, atMost } = opened;
    const ours = [];
    const peers = [];
    for (let round = 0; round < settings.rounds; round++) {
      ours.push(await measureOurs(opened.store, opened.otherStore));
      peers.push(await measurePeer(opened.peer));
    }
    const oursBytes = await opened.size();
    const peerBytes = await opened.peerSize();
    await opened.close();
    const ratios = STEPS.map((_, i) =>
      ours.map((each, round) => (each[i] === null ? Number.NaN : each[i] / peers[round][i])),
    );
    lines.push([name, ...STEPS.map((_, i) => rate(ours.map((each) => each[i]))), `${oursBytes.toFixed(0)} B`]);
    lines.push([peerName, ...STEPS.map((_, i) => rate(peers.map((each) => each[i]))), `${peerBytes.toFixed(0)} B`]);
    lines.push(['ratio, and its spread', ...ratios.map(ratio), (oursBytes / peerBytes).toFixed(2)]);
    for (const [step, target] of Object.entries(targets)) {
      const value = median(ratios[STEPS.indexOf(step)]);
      rows.push({
        what: `${name}: ${step}, of ${peerName}`,
        target: `at least ${target.toFixed(2)}`,
        value: value.toFixed(2),
        met: value >= target,
      });
    }
    if (atMost !== undefined) {
      rows.push({
        what: `${name}: room that a session takes`,
        target: `at most ${atMost} B`,
        value: `${oursBytes.toFixed(0)} B`,
        met: oursBytes <= atMost,
      });
    }
  }
  return {
    title: `Stores: calls/s, ${settings.connections} at once, and the room a session takes (${COUNT.toLocaleString('en')} sessions in each round)`,
    columns: ['store', ...STEPS, 'a session takes'],
    lines,
    rows,
  };
}

function rate(perSecond) {
  return perSecond.includes(null) ? '' : Math.round(median(perSecond)).toLocaleString('en');
}

function ratio(ratios) {
  return ratios.every(Number.isFinite) ? `${median(ratios).toFixed(2)}, ${(spread(ratios) * 100).toFixed(0)} %` : '';
}

async function measureOurs({ sessions }, otherStore) {
  const rows = Array.from({ length: COUNT }, (_, i) => {
    return { ...rowOf(newHash(), i), delivery: 'bearer', refreshHash: newHash(), refreshedAt: Date.now() };
  });
  const later = Date.now() + 60_000;
  const idleExpiresAt = later + 7 * 86_400_000;
  const signIns = await timed(rows, (row) => sessions.insert({ row, replaces: null, cap: null, now: row.createdAt }));
  const findBy = (each) => timed(rows, async (row) => (await each.find(row.tokenHash)) !== null);
  const finds = await findBy(sessions);
  const firstFinds = otherStore === undefined ? null : await findBy(otherStore.sessions);
  const batches = Array.from({ length: Math.ceil(COUNT / TOUCH_BATCH) }, (_, i) =>
    rows
      .slice(i * TOUCH_BATCH, (i + 1) * TOUCH_BATCH)
      .map(({ id }) => ({ id, seenAt: later, idleExpiresAt, confirms: null })),
  );
  const start = performance.now();
  for (const batch of batches) await sessions.touch(batch, later);
  const touches = (COUNT / (performance.now() - start)) * 1_000;
  const refreshes = await timed(rows, async (row) => {
    const nonce = randomBytes(16).toString('base64url');
    const change = { type: 'rotate', presented: row.refreshHash, successor: newHash(), nonce, tokenHash: newHash() };
    // As stepgate has just read it.
    const known = { ...row, lastSeenAt: later, idleExpiresAt };
    return (await sessions.change(row.id, change, later, known)) !== null;
  });
  const half = rows.slice(0, COUNT / 2); // the others stay, for the size
  const revocations = await timed(half, ({ id, userId }) => sessions.revoke(id, userId));
  return [signIns, finds, firstFinds, touches, refreshes, revocations];
}

async function measurePeer(store) {
  const sids = Array.from({ length: COUNT }, () => randomBytes(24).toString('base64url'));
  const call = (name, ...args) =>
    new Promise((resolve, reject) => {
      store[name](...args, (error, value) => (error ? reject(error) : resolve(value)));
    });
  const data = sessionOf('user-12345');
  const signIns = await timed(sids, (sid) => call('set', sid, data));
  const finds = await timed(sids, async (sid) => (await call('get', sid)).userId === data.userId);
  const touches = await timed(sids, (sid) => call('touch', sid, data));
  const revocations = await timed(sids.slice(0, COUNT / 2), (sid) => call('destroy', sid));
  return [signIns, finds, finds, touches, null, revocations]; // it knows all sessions alike
}

async function timed(items, call) {
  let next = 0;
  const start = performance.now();
  const worker = async () => {
    while (next < items.length) {
      const answer = await call(items[next++]);
      if (answer === false) throw new Error('A call did nothing.');
    }
  };
  await Promise.all(Array.from({ length: settings.connections }, worker));
  return (items.length / (performance.now() - start)) * 1_000;
}

function newHash() {
  return randomBytes(32).toString('base64url');
}

async function besideSqlite() {
  const folder = newFolder('stores');
  mkdirSync(join(folder, 'peer'));
  const paths = [join(folder, 'sessions.db'), join(folder, 'peer', 'sessions.db')];
  const store = sqliteStore(paths[0]);
  await store.migrate();
  const client = new Database(paths[1]);
  client.pragma('journal_mode = WAL');
  // After the revocations half of the sessions is left; their pages are in the file still.
  const sizeOf = (path) => {
    const db = new Database(path);
    db.exec('VACUUM');
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    return statSync(path).size / LEFT;
  };
  return {
    name: '`sqliteStore` (each answer after fsync)',
    store,
    size: () => store.close().then(() => sizeOf(paths[0])),
    peerName: 'better-sqlite3-session-store (WAL, no fsync for each)',
    peer: new (makeSqliteStore(session))({ client }),
    peerSize: async () => {
      client.close();
      return sizeOf(paths[1]);
    },
    close: async () => {},
  };
}

async function besidePostgres() {
  const opened = await openPostgres();
  if (opened === null) return null;
  const { pool, close } = opened;
  const store = postgresStore(pool);
  await store.migrate();
  const peer = new (makePgStore(session))({ pool, createTableIfMissing: true, pruneSessionInterval: false });
  const sizeOf = async (table) => {
    await pool.query(`VACUUM FULL ${table}`);
    const { rows } = await pool.query(`SELECT pg_total_relation_size('${table}') AS size`);
    return Number(rows[0].size) / LEFT;
  };
  return {
    name: '`postgresStore` (fsync off, as for its peer)',
    targets: { 'sign-ins': 0.8, finds: 1, touches: 1 },
    store,
    size: () => sizeOf('stepgate_sessions'),
    peerName: 'connect-pg-simple',
    peer,
    peerSize: () => sizeOf('session'),
    close,
  };
}

function besideRedis() {
  return besideRedisOf('`redisStore`', ({ client }) => ({ ours: client, disconnect: () => {} }));
}

/** connect-redis takes a client of node-redis only. */
function besideRedisByIoredis() {
  return besideRedisOf('`redisStore`, by ioredis', async ({ openIoredis }) => {
    const ours = await openIoredis();
    return { ours, disconnect: () => ours.disconnect() };
  });
}

async function besideRedisOf(name, connect) {
  const opened = await openRedis();
  if (opened === null) return null;
  const { client, close } = opened;
  const { ours: ourClient, disconnect } = await connect(opened);
  const used = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1]);
  const empty = await used();
  // They took turns in one memory: what is left when the peer's keys are gone is ours.
  const sizes = async () => {
    const both = await used();
    for await (const keys of client.scanIterator({ MATCH: 'sess:*', COUNT: 1_000 })) {
      if (keys.length > 0) await client.del(keys);
    }
    const ours = await used();
    return { ours: (ours - empty) / LEFT, peer: (both - ours) / LEFT };
  };
  let measured = null;
  return {
    name,
    targets: { 'sign-ins': 0.5, finds: 0.8 },
    atMost: 900,
    store: redisStore(ourClient),
    otherStore: redisStore(ourClient),
    size: async () => {
      measured = await sizes();
      return measured.ours;
    },
    peerName: 'connect-redis',
    peer: new RedisStore({ client }),
    peerSize: async () => measured.peer,
    close: async () => {
      disconnect();
      await close();
    },
  };
}
