import { randomUUID } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import type { Database, Value } from './database.js';

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
  /** False when another change came first. */
  changePassword(id: string, next: string): Promise<boolean>;
  changeRole(id: string, role: string): Promise<void>;
  /** For good: nobody can sign in to it, and nobody's money gets there. Its bookings stay, for those on their other side. */
  close(id: string): Promise<void>;
  find(id: string): Promise<Account | null>;
  findByEmail(email: string): Promise<Account | null>;
  /** The ids of all who have a role; a hundred at most. */
  idsOf(role: string): Promise<readonly string[]>;
}

interface Known {
  readonly account: Account;
  readonly passwordHash: string;
}

const COLUMNS = 'id, email, role, balance, password_hash AS "passwordHash"';
const CLOSE = `UPDATE users SET email = $1, password_hash = $2, role = 'closed', balance = 0 WHERE id = $3 RETURNING id`;

export function openAccounts(db: Database): Accounts {
  // What an unknown address is checked against: no password has this hash, and it takes as long as a real one.
  const nobodys = hash(randomUUID());

  async function one(sql: string, ...values: readonly Value[]): Promise<Known | null> {
    const [row] = await db.run(sql, ...values);
    if (row === undefined) return null;
    const { id, email, role, balance, passwordHash } = row;
    return {
      account: { id: String(id), email: String(email), role: String(role), balance: Number(balance) },
      passwordHash: String(passwordHash),
    };
  }
  const byId = (id: string) => one(`SELECT ${COLUMNS} FROM users WHERE id = $1`, id);
  const byEmail = (email: string) => one(`SELECT ${COLUMNS} FROM users WHERE email = $1`, email);

  return {
    async create(email, password) {
      const passwordHash = await hash(password); // argon2id with 19 MiB and 2 passes, in a thread of libuv's pool
      const created = await one(
        `INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $3) ON CONFLICT (email) DO NOTHING
          RETURNING ${COLUMNS}`,
        randomUUID(),
        email,
        passwordHash,
      );
      return created?.account ?? null;
    },

    async check(email, password) {
      const known = await byEmail(email);
      const right = await verify(known?.passwordHash ?? (await nobodys), password);
      return right && known !== null ? known.account : null;
    },

    async isPassword(id, password) {
      const known = await byId(id);
      return known !== null && verify(known.passwordHash, password);
    },

    async changePassword(id, next) {
      const known = await byId(id);
      if (known === null) return false;
      const changed = await db.run(
        'UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3 RETURNING id',
        await hash(next),
        id,
        known.passwordHash,
      );
      return changed.length === 1;
    },

    async changeRole(id, role) {
      await db.run('UPDATE users SET role = $1 WHERE id = $2 RETURNING id', role, id);
    },

    async close(id) {
      const passwordHash = await nobodys;
      await db.transaction(async ({ run }) => {
        await run('DELETE FROM api_keys WHERE user_id = $1 RETURNING id', id);
        await run(CLOSE, `closed account ${id}`, passwordHash, id); // no e-mail address that anybody could write
      });
    },

    find: async (id) => (await byId(id))?.account ?? null,
    findByEmail: async (email) => (await byEmail(email))?.account ?? null,
    async idsOf(role) {
      const rows = await db.run('SELECT id FROM users WHERE role = $1 ORDER BY id LIMIT 100', role);
      return rows.map(({ id }) => String(id));
    },
  };
}
