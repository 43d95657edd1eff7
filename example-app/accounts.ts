import { randomUUID } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import type { Database } from 'better-sqlite3';
import { whenFree } from './database.js';

export interface Account {
  readonly id: string;
  readonly email: string;
  readonly role: string;
  /** Cents. */
  readonly balance: number;
}

/** The bank's own users. */
export interface Accounts {
  /** Null when the address has an account already. */
  create(email: string, password: string): Promise<Account | null>;
  /** The account with this address and password; null otherwise, after the same time whichever was wrong. */
  check(email: string, password: string): Promise<Account | null>;
  isPassword(id: string, password: string): Promise<boolean>;
  /** False when `current` isn't the password, or when another change came first. */
  changePassword(id: string, current: string, next: string): Promise<boolean>;
  changeRole(id: string, role: string): Promise<void>;
  find(id: string): Account | null;
  findByEmail(email: string): Account | null;
}

interface Row extends Account {
  readonly passwordHash: string;
}

export function openAccounts(db: Database): Accounts {
  const insert = db.prepare<[string, string, string]>(
    'INSERT INTO users (id, email, password_hash) VALUES (?, ?, ?) ON CONFLICT (email) DO NOTHING',
  );
  const replace = db.prepare<[string, string, string]>(
    'UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?',
  );
  const setRole = db.prepare<[string, string]>('UPDATE users SET role = ? WHERE id = ?');
  const columns = 'id, email, role, balance, password_hash AS passwordHash';
  const byEmail = db.prepare<[string], Row>(`SELECT ${columns} FROM users WHERE email = ?`);
  const byId = db.prepare<[string], Row>(`SELECT ${columns} FROM users WHERE id = ?`);
  // What an unknown address is checked against: no password has this hash, and it takes as long as a real one.
  const nobodys = hash(randomUUID());

  return {
    async create(email, password) {
      const id = randomUUID();
      const passwordHash = await hash(password); // argon2id with 19 MiB and 2 passes, in a thread of libuv's pool
      const { changes } = await whenFree(() => insert.run(id, email, passwordHash));
      return changes === 1 ? account(byId.get(id)) : null;
    },

    async check(email, password) {
      const row = byEmail.get(email);
      const right = await verify(row?.passwordHash ?? (await nobodys), password);
      return right ? account(row) : null;
    },

    async isPassword(id, password) {
      const row = byId.get(id);
      return row !== undefined && verify(row.passwordHash, password);
    },

    async changePassword(id, current, next) {
      const row = byId.get(id);
      if (row === undefined || !(await verify(row.passwordHash, current))) return false;
      const passwordHash = await hash(next);
      const { changes } = await whenFree(() => replace.run(passwordHash, id, row.passwordHash));
      return changes === 1;
    },

    async changeRole(id, role) {
      await whenFree(() => setRole.run(role, id));
    },

    find: (id) => account(byId.get(id)),
    findByEmail: (email) => account(byEmail.get(email)),
  };
}

function account(row: Row | undefined): Account | null {
  if (row === undefined) return null;
  const { passwordHash: _, ...rest } = row;
  return rest;
}
