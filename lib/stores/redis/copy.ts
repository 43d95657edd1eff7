import { PAGE_SIZE, pages } from '../contract/copy.js';
import type { SessionRow, SessionStore } from '../contract/sessions.js';
import type { NotBeforeTimes } from './not-before.js';
import { type Redis, textOrNull } from './scripts.js';
import { toText } from './session-row.js';
import * as scripts from './session-scripts.js';
import { NOT_BEFORE_FOR, SESSION_MARGIN, ttlOf } from './ttl.js';

interface SessionCopyParts {
  readonly redis: Redis;
  readonly list: SessionStore['list'];
  /** As before any session. */
  readonly addLookupKeys: (row: SessionRow, ttl: number) => Promise<void>;
  readonly notBeforeTimes: NotBeforeTimes;
}

export function sessionCopy({
  redis,
  list,
  addLookupKeys,
  notBeforeTimes,
}: SessionCopyParts): SessionStore['copy'] & object {
  const { run, keys } = redis;
  return {
    rows: (now) => pages((last) => list({ limit: PAGE_SIZE, after: last?.id ?? null, now })),
    put(rows, now) {
      return countOf(rows, async (row) => {
        const [stored, ttl] = [toText(row), ttlOf(row.expiresAt, now, SESSION_MARGIN)];
        await addLookupKeys(row, ttl);
        return run(scripts.PUT, keys.sessionsOf(row.userId), row.id, stored, ttl);
      });
    },
    notBefore: {
      async *rows() {
        for await (const users of notBeforeTimes.users()) {
          const times = users.map(async (userId) => {
            const time = textOrNull(await run(scripts.READ_NOT_BEFORE, keys.sessionsOf(userId)));
            return time === null ? [] : [{ userId, notBefore: Number(time) }];
          });
          yield (await Promise.all(times)).flat();
        }
      },
      put(rows) {
        return countOf(rows, async ({ userId, notBefore }) => {
          const written = await run(scripts.PUT_NOT_BEFORE, keys.sessionsOf(userId), notBefore, NOT_BEFORE_FOR);
          await notBeforeTimes.note(userId, notBefore);
          return written;
        });
      },
    },
  };
}

/** `put` gives 1 for a row that it wrote, 0 for one that stays. */
export async function countOf<Row>(rows: readonly Row[], put: (row: Row) => Promise<unknown>): Promise<number> {
  const written = await Promise.all(rows.map(put));
  return written.filter((each) => each === 1).length;
}
