/**
 * A DELETE that locks its rows in the order of their keys before it deletes one. Every statement that takes more than
 * one row of a table does so (or waits for none), and every transaction takes all rows of a table by one statement: two
 * of them can't wait for each other. So the change of a session locks it first and takes no other; the replacement of a
 * user's credentials first locks all of the user's, though it deletes them later; who takes both rows of a user's TOTP has the user's advisory lock; a row that is
 * new is known to nobody.
 * Where a transaction takes rows of two tables, whoever else takes both has the same advisory lock or the same order.
 */
export function deleteInOrder(table: string, key: string, where: string): string {
  return `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${where} ORDER BY ${key} FOR UPDATE)`;
}

/**
 * A DELETE of at most `$2` rows, the oldest first, that waits for nobody: rows that somebody else has locked are left for
 * another time. `over` compares the time with `$1`; the order keeps the server to the index on it.
 */
export function deleteBatch(table: string, key: string, time: string, over: '<' | '<='): string {
  return `WITH over AS MATERIALIZED (
      SELECT ${key} FROM ${table} WHERE ${time} ${over} $1 ORDER BY ${time} LIMIT $2 FOR UPDATE SKIP LOCKED
    ) DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM over)`;
}
