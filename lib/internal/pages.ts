import type { MaybePromise } from './maybe-promise.js';

/** How many rows a page has at most. */
export const PAGE_SIZE = 500;

/** Page after page, until one is empty. `next` gives the page after a row, or the first. */
export async function* pages<Row>(
  next: (last: Row | null) => MaybePromise<readonly Row[]>,
): AsyncGenerator<readonly Row[], void> {
  for (let rows = await next(null); rows.length > 0; rows = await next(rows.at(-1) ?? null)) yield rows;
}
