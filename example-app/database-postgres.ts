import type { Pool, PoolClient } from 'pg';
import { type Database, OPENING_BALANCE, type Statements } from './database.js';

// The lock is for processes that start at once: even IF NOT EXISTS fails when another makes the same table beside it.
const TABLES = `
  BEGIN;
  SELECT pg_advisory_xact_lock(hashtext('small bank'));

  CREATE TABLE IF NOT EXISTS users (
    id text PRIMARY KEY,
    email text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    role text NOT NULL DEFAULT 'customer',
    balance integer NOT NULL DEFAULT ${OPENING_BALANCE} CHECK (balance >= 0)
  );

  CREATE TABLE IF NOT EXISTS transfers (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_id text NOT NULL REFERENCES users (id),
    to_id text REFERENCES users (id),
    recipient text NOT NULL,
    amount integer NOT NULL CHECK (amount > 0),
    approved_by text NOT NULL,
    sent_at bigint NOT NULL
  );
  CREATE INDEX IF NOT EXISTS transfers_from ON transfers (from_id);
  CREATE INDEX IF NOT EXISTS transfers_to ON transfers (to_id);

  CREATE TABLE IF NOT EXISTS api_keys (
    user_id text PRIMARY KEY REFERENCES users (id),
    id text NOT NULL,
    hash text NOT NULL UNIQUE
  );

  COMMIT;
`;

const DEADLOCK = '40P01';

/** Makes the bank's own tables where they are missing. The pool is its caller's to end. */
export async function openPostgres(pool: Pool): Promise<Database> {
  await pool.query(TABLES);

  async function transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let failure: unknown = null;
    try {
      await client.query('BEGIN');
      const result = await work({ run: statementsOf(client) });
      await client.query('COMMIT');
      return result;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      client.release(failure !== null); // which ends the connection, and what was begun on it
    }
  }

  return {
    run: statementsOf(pool),
    async transaction(work) {
      for (;;) {
        try {
          return await transaction(work);
        } catch (error) {
          // Two who send each other money at once: PostgreSQL lets one of them through.
          if (!(error instanceof Error && 'code' in error && error.code === DEADLOCK)) throw error;
        }
      }
    },
  };
}

function statementsOf(client: Pool | PoolClient): Statements['run'] {
  return async (sql, ...values) => (await client.query(sql, [...values])).rows;
}
