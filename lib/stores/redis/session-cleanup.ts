import type { SessionStore } from '../contract/sessions.js';
import { chunks } from './batches.js';
import { BUCKETS, nameOf } from './keys.js';
import { tracesIn } from './lookup-keys.js';
import type { Place } from './place-cache.js';
import { texts } from './scripts.js';
import { fromTime } from './session-row.js';
import type { SessionParts } from './sessions.js';
import { SESSION_MARGIN } from './ttl.js';

/** How many buckets are looked at together. */
const AT_ONCE = 64;

/**
 * Goes round the buckets of lookups, on from where the last call stopped, and takes away what has expired. Of each few
 * buckets it looks at `limit` sessions at most, so that many whose end has slid take no long time.
 */
export function sessionCleanup({
  redis: { run, keys },
  scripts,
  lookupKeys,
  notBeforeTimes,
}: Pick<SessionParts, 'redis' | 'scripts' | 'lookupKeys' | 'notBeforeTimes'>): SessionStore['deleteExpired'] {
  let next = 0;

  /** Whether the session went; if it is live or gone already, its lookup is put right. */
  async function endIfOver(place: Place, now: number): Promise<boolean> {
    const { userId, id } = place;
    const answer = texts(await run(scripts.END_IF_OVER, keys.sessionsOf(userId), now, nameOf(id)));
    if (answer.length === 1) {
      await lookupKeys.moveEnd(place, fromTime(answer[0] ?? ''));
      return false;
    }
    await lookupKeys.dropSessions(answer.length === 0 ? [{ id, tokens: [] }] : tracesIn(answer));
    return answer.length > 0;
  }

  return async (now, notBefore, limit) => {
    await notBeforeTimes.deleteBefore(notBefore);
    let count = 0;
    for (let looked = 0; looked < BUCKETS.length && count < limit; looked += AT_ONCE) {
      const buckets = BUCKETS.slice(next, next + AT_ONCE);
      const ofIds = await lookupKeys.filled(keys.idsIn, buckets);
      const over = await Promise.all(ofIds.map((bucket) => lookupKeys.overIn(bucket, now, limit - count)));
      const ofTokens = await lookupKeys.filled(keys.tokensIn, buckets);
      await Promise.all(ofTokens.map((bucket) => lookupKeys.dropTokensOver(bucket, now - SESSION_MARGIN)));
      for (const some of chunks(over.flat().slice(0, limit - count))) {
        const went = await Promise.all(some.map((place) => endIfOver(place, now)));
        count += went.filter((each) => each).length;
      }
      next = next + AT_ONCE < BUCKETS.length ? next + AT_ONCE : 0;
    }
    return count;
  };
}
