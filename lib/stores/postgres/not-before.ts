import { believedNotBefore } from '../contract/session-state.js';
import type { Connection, Statement } from './connection.js';

const NOT_BEFORE: Statement<{ readonly notBefore: number }> = {
  name: 'not_before',
  text: (p) => `SELECT not_before::float8 AS "notBefore" FROM ${p}_not_before WHERE user_id = $1`,
};
const SET_NOT_BEFORE: Statement<never> = {
  name: 'set_not_before',
  text: (p) => `INSERT INTO ${p}_not_before (user_id, not_before) VALUES ($1, $2)
    ON CONFLICT (user_id) DO UPDATE SET not_before = excluded.not_before`,
};

/** Under the lock of the user. What it was lowered to is kept. */
export async function believedNotBeforeOf(connection: Connection, userId: string, now: number): Promise<number | null> {
  const known = await notBeforeOf(connection, userId);
  if (known === null) return null;
  const notBefore = believedNotBefore(known, now);
  if (notBefore !== known) await connection.run(SET_NOT_BEFORE, [userId, notBefore]);
  return notBefore;
}

/** Under the lock of the user. */
export async function raiseNotBefore(connection: Connection, userId: string, notBefore: number): Promise<void> {
  const known = (await notBeforeOf(connection, userId)) ?? Number.NEGATIVE_INFINITY;
  const next = Math.max(notBefore, believedNotBefore(known, notBefore));
  await connection.run(SET_NOT_BEFORE, [userId, next]);
}

async function notBeforeOf({ run }: Connection, userId: string): Promise<number | null> {
  return (await run(NOT_BEFORE, [userId])).rows[0]?.notBefore ?? null;
}
