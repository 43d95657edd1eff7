import type { MaybePromise } from '../../internal/maybe-promise.js';

/**
 * What `copyStore` needs of a part to move its rows to another store, or from one. A store without it works, and can't
 * be moved.
 */
export interface RowCopy<Row> {
  /**
   * All rows but those that have expired at `now`, in batches of a bounded size. A row that comes, goes or changes
   * meanwhile may be missed or given as it was; every other is given, and one may be given twice.
   */
  rows(now: number): AsyncIterable<readonly Row[]>;
  /**
   * Writes rows as they are, without the rules for new ones. Where there is one with a row's key already, it stays.
   * Each row is written whole or not at all. Says how many were written.
   */
  put(rows: readonly Row[], now: number): Promise<number>;
}

/** How many rows a batch has at most. */
export const PAGE_SIZE = 500;

/** Batch after batch, until one is empty. `next` gives the rows after a row, or the first ones. */
export async function* pages<Row>(
  next: (last: Row | null) => MaybePromise<readonly Row[]>,
): AsyncGenerator<readonly Row[], void> {
  for (let rows = await next(null); rows.length > 0; rows = await next(rows.at(-1) ?? null)) yield rows;
}
