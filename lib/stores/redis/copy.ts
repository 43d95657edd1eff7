import { PAGE_SIZE, pages } from '../contract/copy.js';
import type { SessionStore } from '../contract/sessions.js';
import { NOT_BEFORE, nameOf } from './keys.js';
import { leadsOf } from './lookup-keys.js';
import { textOrNull } from './scripts.js';
import { toText } from './session-row.js';
import type { SessionParts } from './sessions.js';
import { NOT_BEFORE_FOR, SESSION_MARGIN, ttlOf } from './ttl.js';

type Parts = Pick<SessionParts, 'redis' | 'scripts' | 'lookupKeys' | 'notBeforeTimes'>;

export function sessionCopy(
  { redis: { client, command, run, keys }, scripts, lookupKeys, notBeforeTimes }: Parts,
  list: SessionStore['list'],
): SessionStore['copy'] & object {
  return {
    rows: (now) => pages((last) => list({ limit: PAGE_SIZE, after: last?.id ?? null, now })),
    put(rows, now) {
      return countOf(rows, async (row) => {
        const { id, userId, expiresAt } = row;
        const [text, leads, ttl] = [toText(row), leadsOf(row), ttlOf(expiresAt, now, SESSION_MARGIN)];
        if (client.isCluster) await lookupKeys.addSession(id, leads, ttl);
        const args = [nameOf(id), text, ttl, leads.owner, leads.place, ...leads.tokens];
        return run(scripts.PUT, keys.sessionsOf(userId), ...args);
      });
    },
    notBefore: {
      async *rows() {
        for await (const users of notBeforeTimes.users()) {
          const times = users.map(async (userId) => {
            const time = textOrNull(await command('HGET', keys.sessionsOf(userId), NOT_BEFORE));
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
  return written.filter((each) => Number(each) === 1).length; // a client may be told to give numbers as texts
}
