import { CLOCK_TOLERANCE } from '../../internal/clock.js';
import { BATCH } from './batches.js';
import { NOT_BEFORE } from './keys.js';
import { type Redis, type Script, script, texts } from './scripts.js';

/** ARGV: time, user. An earlier time takes the place of one that is ahead of it, as in the sessions of the user. */
const NOTE: Script = script(`
local known, time = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[2])), tonumber(ARGV[1])
if not known or known < time or known > time + ${CLOCK_TOLERANCE} then redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2]) end
return 1`);
const BEFORE: Script = script(
  `return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1], 'LIMIT', 0, ${BATCH})`,
);
const FORGET: Script = script(`
local time = redis.call('HGET', KEYS[1], '${NOT_BEFORE}')
if time and tonumber(time) < tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], '${NOT_BEFORE}') end
return 1`);
const REMOVE: Script = script(`
local time = redis.call('ZSCORE', KEYS[1], ARGV[1])
if time and tonumber(time) < tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1`);

/** ARGV: cursor. Gives the next one and then users, each with a score. */
const SCAN: Script = script(`
local page = redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ${BATCH})
table.insert(page[2], 1, page[1])
return page[2]`);

/**
 * Which users have a not-before time: a list beside the times, so that they can be deleted. One that isn't in the list
 * goes with the user's last session.
 */
export interface NotBeforeTimes {
  /** After the time was set: that it can't be noted doesn't undo it. */
  note(userId: string, time: number): Promise<void>;
  deleteBefore(time: number): Promise<void>;
  /** All users in the list, some more than once. */
  users(): AsyncIterable<readonly string[]>;
}

export function createNotBeforeTimes({ run, keys }: Pick<Redis, 'run' | 'keys'>): NotBeforeTimes {
  return {
    async note(userId, time) {
      await run(NOTE, keys.usersWithNotBefore, time, userId).catch(() => {});
    },
    async *users() {
      let cursor = '0';
      do {
        const [next = '0', ...flat] = texts(await run(SCAN, keys.usersWithNotBefore, cursor));
        cursor = next;
        yield flat.filter((_, index) => index % 2 === 0);
      } while (cursor !== '0');
    },
    async deleteBefore(time) {
      for (;;) {
        const users = texts(await run(BEFORE, keys.usersWithNotBefore, time));
        if (users.length === 0) return;
        await Promise.all(users.map((userId) => run(FORGET, keys.sessionsOf(userId), time)));
        await Promise.all(users.map((userId) => run(REMOVE, keys.usersWithNotBefore, userId, time)));
      }
    },
  };
}
