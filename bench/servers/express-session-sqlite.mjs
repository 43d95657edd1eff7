import { join } from 'node:path';
import Database from 'better-sqlite3';
import makeStore from 'better-sqlite3-session-store';
import session from 'express-session';
import { mountOn, seedInto } from './express-session.mjs';
import { folder, seedOrServe } from './serve.mjs';

const db = new Database(join(folder, 'sessions.db'));
db.pragma('journal_mode = WAL');
const SqliteStore = makeStore(session);
const store = new SqliteStore({ client: db });

async function seed() {
  db.exec('BEGIN');
  const headers = await seedInto(store);
  db.exec('COMMIT');
  return headers;
}

await seedOrServe(seed, () => mountOn(store));
