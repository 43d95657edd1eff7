import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { type Database, OPENING_BALANCE, type Statements } from './database.js';

const TABLES = `
  CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT 'customer',
    balance INTEGER NOT NULL DEFAULT ${OPENING_BALANCE} CHECK (balance >= 0)
  ) STRICT;

  CREATE TABLE IF NOT EXISTS transfers (
    id INTEGER PRIMARY KEY,
    from_id TEXT NOT NULL REFERENCES users (id),
    to_id TEXT REFERENCES users (id),
    recipient TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    approved_by TEXT NOT NULL,
    sent_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS transfers_from ON transfers (from_id);
  CREATE INDEX IF NOT EXISTS transfers_to ON transfers (to_id);

  CREATE TABLE IF NOT EXISTS api_keys (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    id TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
  ) STRICT;
`;

const PATIENCE = 5_000;

export type SqliteDatabase = Database & { close(): void };

/** Opens the bank's own tables, in the file that stepgate keeps its own in, over connections of its own. */
export async function openSqlite(file: string): Promise<SqliteDatabase> {
  const db = await connect(file);
  await whenFree(() => db.exec(TABLES));
  // Transactions have a connection to themselves, one after the other: no other statement can get into one.
  const writer = await connect(file);
  let last: Promise<unknown> = Promise.resolve();

  async function transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
    await whenFree(() => writer.exec('BEGIN IMMEDIATE'));
    try {
      const result = await work({ run: statementsOf(writer) });
      writer.exec('COMMIT');
      return result;
    } finally {
      if (writer.inTransaction) writer.exec('ROLLBACK');
    }
  }

  const run = statementsOf(db);
  return {
    run: (sql, ...values) => whenFree(() => run(sql, ...values)),
    transaction(work) {
      const next = () => transaction(work);
      const result = last.then(next, next);
      last = result;
      return result;
    },
    close() {
      writer.close();
      db.close();
    },
  };
}

async function connect(file: string): Promise<Sqlite.Database> {
  const db = new Sqlite(file, { timeout: 0 }); // `whenFree` waits, not SQLite: it would stop the event loop
  await whenFree(() => db.pragma('journal_mode = WAL'));
  return db;
}

type Row = Awaited<ReturnType<Statements['run']>>[number];

function statementsOf(db: Sqlite.Database): Statements['run'] {
  const prepared = new Map<string, Sqlite.Statement<[object], Row>>();
  return async (sql, ...values) => {
    const statement = prepared.get(sql) ?? db.prepare<[object], Row>(sql);
    prepared.set(sql, statement);
    return statement.all(Object.fromEntries(values.map((value, index) => [index + 1, value])));
  };
}

/** Another connection may hold the file's lock: tries again until it lets go, without stopping the event loop. */
async function whenFree<T>(use: () => T | Promise<T>): Promise<T> {
  const givesUpAt = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await use();
    } catch (error) {
      if (!isBusy(error) || Date.now() >= givesUpAt) throw error;
      await delay(10);
    }
  }
}

/** Also while another process brings a file in order that was left by a crash, which has a code of its own. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}
