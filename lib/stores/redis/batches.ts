/** How many rows are read, or steps done, together: neither the event loop nor the server is held up by many. */
export const BATCH = 200;

export function* chunks<T>(items: readonly T[], size: number = BATCH): Generator<readonly T[], void> {
  for (let first = 0; first < items.length; first += size) yield items.slice(first, first + size);
}

export async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (const some of chunks(items)) await Promise.all(some.map(work));
}
