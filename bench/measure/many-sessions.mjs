import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import express from 'express';
import { memoryStore, stepgate } from '../../dist/esm/index.js';
import { postgresStore } from '../../dist/esm/postgres.js';
import { redisStore } from '../../dist/esm/redis.js';
import { sqliteStore } from '../../dist/esm/sqlite.js';
import { openPostgres, openRedis } from '../databases.mjs';
import { newFolder, settings } from '../settings.mjs';
import { median } from '../statistics.mjs';
import { rowOf } from './fill-sqlite.mjs';

const COUNT = settings.quick ? 1_000 : 20_000;
const ROUNDS = settings.quick ? 1 : 3;
const AT_ONCE = 500;
const LIMIT = 100; // ms
const USER = 'ada';
const PAGE = 1_000;

/**
 * One user with very many sessions: they are listed and ended, and the event loop is watched meanwhile. Of each round
 * the longest delay counts; the median of the rounds is judged, since one long one may be the machine's doing.
 */
export async function measureManySessions() {
  const lines = [];
  const longest = [];
  for (const [name, open] of Object.entries(STORES)) {
    const opened = await open();
    if (opened === null) continue;
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await measureStore(opened.store));
    await opened.close();
    for (const what of Object.keys(rounds[0])) {
      const of = (figure) => rounds.map((round) => round[what][figure]);
      const max = median(of('max'));
      longest.push(max);
      lines.push([
        name,
        what,
        median(of('took')).toFixed(0),
        max.toFixed(0),
        Math.max(...of('max')).toFixed(0),
        median(of('worked')).toFixed(0),
        median(of('p99')).toFixed(1),
      ]);
    }
  }
  const value = Math.max(...longest);
  return {
    title: `${COUNT.toLocaleString('en')} sessions of one user, ${ROUNDS} rounds`,
    columns: [
      'store',
      'what',
      'ms',
      'longest event-loop delay ms',
      'in the worst round ms',
      'longest turn, CPU ms',
      'p99 ms',
    ],
    lines,
    rows: [
      {
        what: `${COUNT.toLocaleString('en')} sessions of one user listed and ended: longest event-loop delay`,
        target: `under ${LIMIT} ms`,
        value: `${value.toFixed(0)} ms`,
        met: value < LIMIT,
      },
    ],
  };
}

async function measureStore(store) {
  let revoked = 0;
  const auth = stepgate({
    secret: randomBytes(32).toString('base64url'),
    issuer: 'http://localhost:3000',
    insecureCookies: true,
    store,
    onEvent(event) {
      const line = JSON.stringify(event); // as an app's log does
      if (line.includes('"session.revoked"')) revoked += 1;
    },
  });
  const app = express();
  app.post('/login', async (req, res) => {
    res.json((await auth.signIn(req, res, { userId: USER, method: 'password' })).body);
  });
  app.post('/password', async (req, res) => res.json((await auth.credentialsChanged(req, res)).body));
  app.use('/auth', auth.router());
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const site = `http://127.0.0.1:${server.address().port}`;
  const send = async (method, path, cookie) => {
    const headers = { 'sec-fetch-site': 'same-origin', ...(cookie === undefined ? {} : { cookie }) };
    const answer = await fetch(`${site}${path}`, { method, headers });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  /** Signs in once, and puts the other sessions beside that one. */
  async function fill() {
    await wait(2); // a sign-in in the millisecond of the last revocation is refused
    const lines = (await send('POST', '/login')).headers.getSetCookie();
    const cookie = lines.find((line) => !line.includes('Max-Age=0')).split(';')[0];
    for (let made = 1; made < COUNT; made += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, COUNT - made) }, newRow);
      await store.sessions.copy.put(some, Date.now());
    }
    revoked = 0;
    return cookie;
  }
  async function ending(left, end) {
    const cookie = await fill();
    const measured = await watched(() => end(cookie));
    if (revoked !== COUNT - left) throw new Error(`${revoked} sessions were told of.`);
    const { sessions } = await auth.sessions.listForUser(USER);
    if (sessions.length !== left) throw new Error(`${sessions.length} sessions are left.`);
    await auth.sessions.revokeAllForUser(USER);
    return measured;
  }

  const cookie = await fill();
  const measured = {
    '`GET /auth/sessions`, the first 100': await watched(() => send('GET', '/auth/sessions', cookie)),
    '`auth.sessions.listForUser`, all in pages of 1,000': await watched(() => listAll(auth)),
  };
  await auth.sessions.revokeAllForUser(USER);
  measured['`DELETE /auth/sessions`'] = await ending(0, (own) => send('DELETE', '/auth/sessions', own));
  measured['`auth.sessions.revokeAllForUser`'] = await ending(0, () => auth.sessions.revokeAllForUser(USER));
  measured['`auth.credentialsChanged`'] = await ending(1, (own) => send('POST', '/password', own));
  server.close();
  server.closeAllConnections();
  await auth.flush();
  return measured;
}

function newRow(_, i) {
  return { ...rowOf(randomBytes(32).toString('base64url'), i), userId: USER };
}

/** Each page in a turn of its own, as each has a request of its own. */
async function listAll(auth) {
  let count = 0;
  let after = null;
  do {
    const page = await auth.sessions.listForUser(USER, { limit: PAGE, after });
    count += page.sessions.length;
    ({ after } = page);
    await nextTurn();
  } while (after !== null);
  if (count !== COUNT) throw new Error(`${count} sessions were listed.`);
}

/**
 * How long a call takes, how late the event loop was meanwhile, and the most that this thread worked between two looks
 * at the clock: the rest of a delay is other processes' doing, or the collector's threads'. Milliseconds.
 */
async function watched(call) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let worked = 0;
  let last = cpuOfThread();
  const look = setInterval(() => {
    const now = cpuOfThread();
    worked = Math.max(worked, now - last);
    last = now;
  }, 1);
  await wait(20); // it counts from its first turn on
  const start = performance.now();
  await call();
  const took = performance.now() - start;
  await wait(20); // a turn is counted when it ends
  delay.disable();
  clearInterval(look);
  return { took, worked, max: delay.max / 1e6, p99: delay.percentile(99) / 1e6 };
}

/** Of the main thread alone. */
function cpuOfThread() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

const STORES = {
  memory: async () => ({ store: memoryStore(), close: async () => {} }),
  SQLite: async () => {
    const store = sqliteStore(join(newFolder('many-sessions'), 'sessions.db'));
    return { store, close: () => store.close() };
  },
  async PostgreSQL() {
    const opened = await openPostgres();
    if (opened === null) return null;
    const store = postgresStore(opened.pool);
    await store.migrate();
    return { store, close: opened.close };
  },
  async Redis() {
    const opened = await openRedis();
    return opened && { store: redisStore(opened.client), close: opened.close };
  },
};
