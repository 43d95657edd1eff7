import type { EndedSession, InsertOutcome, InsertSession } from '../contract/sessions.js';
import type { Database, Run, Statement } from './connection.js';
import { deleteInOrder } from './locked-delete.js';
import { believedNotBeforeOf } from './not-before.js';
import { columnsAndValues, LIVE, parameters } from './session-row.js';

/** The row goes in only while the user has this not-before time; null stands for none. */
const insertRow = (p: string, at: { userId: string; notBefore: string; first: number }): string => {
  const [columns, values] = columnsAndValues(at.first);
  return `INSERT INTO ${p}_sessions (${columns}) SELECT ${values} WHERE NOT EXISTS (
      SELECT FROM ${p}_not_before WHERE user_id = ${at.userId} AND not_before IS DISTINCT FROM ${at.notBefore}::int8)`;
};
const INSERT: Statement<never> = {
  name: 'insert',
  text: (p) => insertRow(p, { userId: '$1', notBefore: '$2', first: 3 }),
};
// With it end the session that it replaces, and the user's oldest beyond those that may stay.
const INSERT_AND_END: Statement<Partial<EndedSession> & { readonly isReplaced: boolean | null }> = {
  name: 'insert_and_end',
  text: (p) => `WITH inserted AS (
      ${insertRow(p, { userId: '$2', notBefore: '$3', first: 6 })} RETURNING 1
    ), replaced AS MATERIALIZED (
      SELECT s.id FROM ${p}_sessions s WHERE s.token_hash = $4 OR s.previous_token_hash = $4
    ), surplus AS MATERIALIZED (
      SELECT s.id FROM ${p}_sessions s
      WHERE $5::int8 IS NOT NULL AND s.user_id = $2 AND s.impersonator IS NULL AND ${LIVE}
        AND s.id NOT IN (SELECT id FROM replaced)
      ORDER BY s.created_at DESC, s.id DESC OFFSET $5
    ), ended AS (
      ${deleteInOrder(`${p}_sessions`, 'id', ENDED)}
      RETURNING id, user_id AS "userId", id IN (SELECT id FROM replaced) AS "isReplaced"
    )
    SELECT ended.* FROM inserted LEFT JOIN ended ON true`,
};
const ENDED = `EXISTS (SELECT FROM inserted) AND id IN (SELECT id FROM replaced UNION ALL SELECT id FROM surplus)`;

/**
 * Most users have no not-before time: then all of it is one round trip. For the others the time is read and judged first.
 * Whatever sets such a time has the user's lock, too: it comes before, and is seen, or after, and ends what was put in.
 */
export async function insertSession(db: Database, { row, replaces, cap, now }: InsertSession): Promise<InsertOutcome> {
  const { userId, authenticatedAt } = row;
  const values = parameters(row);
  const kept = cap === null ? null : Math.max(0, cap - 1);

  async function insertIf(notBefore: number | null, run: Run): Promise<InsertOutcome | null> {
    if (replaces === null && kept === null) {
      const { count } = await run(INSERT, [userId, notBefore, ...values]);
      return count === 0 ? null : { outcome: 'inserted', replaced: null, evicted: [] };
    }
    const { rows } = await run(INSERT_AND_END, [now, userId, notBefore, replaces, kept, ...values]);
    if (rows.length === 0) return null;
    const ended = (isOne: boolean): EndedSession[] =>
      rows.flatMap(({ id, userId: of, isReplaced }) =>
        id != null && of != null && isReplaced === isOne ? [{ id, userId: of }] : [],
      );
    return { outcome: 'inserted', replaced: ended(true)[0] ?? null, evicted: ended(false) };
  }

  const inserted = await db.locked(['user', userId], ({ runLast }) => insertIf(null, runLast));
  if (inserted !== null) return inserted;
  return db.locked(['user', userId], async (connection) => {
    const notBefore = await believedNotBeforeOf(connection, userId, now);
    if (notBefore !== null && authenticatedAt <= notBefore) return { outcome: 'refused' };
    return (await insertIf(notBefore, connection.runLast)) ?? { outcome: 'refused' };
  });
}
