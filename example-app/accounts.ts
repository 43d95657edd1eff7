import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { hash, verify } from '@node-rs/argon2';
import Database from 'better-sqlite3';

interface Account {
  readonly id: string;
  readonly email: string;
}

/** The bank's own users: a table in the file that the kit keeps its sessions in, over a connection of its own. */
export interface Accounts {
  /** Null when the address has an account already. */
  create(email: string, password: string): Promise<Account | null>;
  /** The account with this address and password; null otherwise, after the same time whichever was wrong. */
  check(email: string, password: string): Promise<Account | null>;
  /** False when `current` isn't the password, or when another change came first. */
  changePassword(id: string, current: string, next: string): Promise<boolean>;
  find(id: string): Account | null;
  close(): void;
}

interface Row extends Account {
  readonly passwordHash: string;
}

export function openAccounts(file: string): Accounts {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.exec(`
    CREATE TABLE IF NOT EXISTS users (
      id TEXT PRIMARY KEY,
      email TEXT NOT NULL UNIQUE,
      password_hash TEXT NOT NULL
    ) STRICT
  `);
  db.pragma('busy_timeout = 0'); // from here on `whenFree` waits, not SQLite: it would stop the event loop

  const insert = db.prepare<[string, string, string]>(
    'INSERT INTO users (id, email, password_hash) VALUES (?, ?, ?) ON CONFLICT (email) DO NOTHING',
  );
  const replace = db.prepare<[string, string, string]>(
    'UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?',
  );
  const columns = 'id, email, password_hash AS passwordHash';
  const byEmail = db.prepare<[string], Row>(`SELECT ${columns} FROM users WHERE email = ?`);
  const byId = db.prepare<[string], Row>(`SELECT ${columns} FROM users WHERE id = ?`);
  // What an unknown address is checked against: no password has this hash, and it takes as long as a real one.
  const nobodys = hash(randomUUID());

  return {
    async create(email, password) {
      const id = randomUUID();
      const passwordHash = await hash(password); // argon2id with 19 MiB and 2 passes, in a thread of libuv's pool
      const { changes } = await whenFree(() => insert.run(id, email, passwordHash));
      return changes === 1 ? { id, email } : null;
    },

    async check(email, password) {
      const row = byEmail.get(email);
      const right = await verify(row?.passwordHash ?? (await nobodys), password);
      return row !== undefined && right ? { id: row.id, email: row.email } : null;
    },

    async changePassword(id, current, next) {
      const row = byId.get(id);
      if (row === undefined || !(await verify(row.passwordHash, current))) return false;
      const passwordHash = await hash(next);
      const { changes } = await whenFree(() => replace.run(passwordHash, id, row.passwordHash));
      return changes === 1;
    },

    find(id) {
      const row = byId.get(id);
      return row === undefined ? null : { id: row.id, email: row.email };
    },

    close() {
      db.close();
    },
  };
}

const PATIENCE = 5_000;

/** Another connection may hold the write lock: tries again until it lets go, without stopping the event loop. */
async function whenFree<T>(write: () => T): Promise<T> {
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
