import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';

/** Cents that the bank gives to everybody who opens an account: its money isn't real. */
const OPENING_BALANCE = 1_000_000;

/** Opens the bank's own tables, in the file that the kit keeps its own in, over a connection of its own. */
export function openDatabase(file: string): Database.Database {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.exec(`
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
  `);
  db.pragma('busy_timeout = 0'); // from here on `whenFree` waits, not SQLite: it would stop the event loop
  return db;
}

const PATIENCE = 5_000;

/** Another connection may hold the write lock: tries again until it lets go, without stopping the event loop. */
export async function whenFree<T>(write: () => T): Promise<T> {
  const givesUpAt = Date.now() + PATIENCE;
  for (;;) {
    try {
      return write();
    } catch (error) {
      const busy = error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
      if (!busy || Date.now() >= givesUpAt) throw error;
      await delay(10);
    }
  }
}
