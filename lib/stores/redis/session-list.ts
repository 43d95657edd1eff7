import { isLive } from '../contract/session-state.js';
import type { SessionRow, SessionStore } from '../contract/sessions.js';
import { BATCH, chunks } from './batches.js';
import { BUCKETS, nameOf, slotOfName } from './keys.js';
import { toRow } from './session-row.js';
import type { SessionParts } from './sessions.js';

/** How many buckets are looked at together at most: of a store with few sessions most are empty. */
const MOST = 64;

/** Goes through the buckets of ids, more of them at a time the less there is in them. */
export function sessionList({
  redis: { keys },
  lookupKeys,
  finder,
}: Pick<SessionParts, 'redis' | 'lookupKeys' | 'finder'>): SessionStore['list'] {
  return async ({ limit, after, now }) => {
    const rows: SessionRow[] = [];
    const last = after === null ? '' : nameOf(after);
    const { bucket } = slotOfName(last);
    let next = BUCKETS.findIndex((each) => each >= bucket);
    for (let size = 1; next >= 0 && next < BUCKETS.length && rows.length < limit; size = Math.min(2 * size, MOST)) {
      const filled = await lookupKeys.filled(keys.idsIn, BUCKETS.slice(next, next + size));
      const inEach = await Promise.all(filled.map(lookupKeys.inBucket));
      next += size;
      const places = inEach.flat().filter(({ id }) => nameOf(id) > last);
      for (const some of chunks(places, Math.min(BATCH, limit))) {
        if (rows.length >= limit) break;
        const found = await Promise.all(
          some.map(async (place) => {
            const text = await finder.read(place);
            return text === null ? [] : [toRow(text, place)];
          }),
        );
        rows.push(...found.flat().filter((row) => isLive(row, now)));
      }
    }
    return rows.slice(0, limit);
  };
}
