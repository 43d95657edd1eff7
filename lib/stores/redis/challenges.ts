import type { ChallengeRow, ChallengeStore } from '../contract/challenges.js';
import { claim } from './hints.js';
import { challengeHint, indexOf, spentMark } from './keys.js';
import { keepFor, PUT, rowsOfSessions } from './rows-of-sessions.js';
import { type RunScript, type Script, script, textOrNull } from './scripts.js';

/** As PUT, and how many there may be. */
const INSERT: Script = script(`${PUT}
if redis.call('EXISTS', KEYS[2]) == 1 then return redis.error_reply('There is a challenge with this id already.') end
put()
local surplus = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[7])
if surplus > 0 then
  -- By score and then by name: the oldest first, ties by id.
  local oldest = redis.call('ZPOPMIN', KEYS[1], surplus)
  for index = 1, #oldest, 2 do redis.call('DEL', KEYS[1] .. ':' .. oldest[index]) end
end
return 1`);

/** KEYS: index of the session, challenge. ARGV: id, now. */
const TAKE: Script = script(`
local found = redis.call('HMGET', KEYS[2], 'expiresAt', 'row')
if not found[1] or tonumber(found[1]) <= tonumber(ARGV[2]) then return false end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
return found[2]`);

const SPEND: Script = script(`return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0`);

export function redisChallenges(run: RunScript): ChallengeStore {
  const { prepare, dropForSession, dropForUser } = rowsOfSessions(run, 'challenges');
  const keysOf = (sessionId: string, id: string): readonly string[] => {
    const index = indexOf('challenges', sessionId);
    return [index, `${index}:${id}`];
  };

  return {
    async insert(row, max) {
      const { id, sessionId, createdAt, expiresAt } = row;
      const [args] = await Promise.all([
        prepare(row, id, createdAt),
        claim(run, challengeHint(id), sessionId, keepFor(createdAt, expiresAt)),
      ]);
      await run(INSERT, keysOf(sessionId, id), [...args, max]);
    },
    async take(sessionId, id, now) {
      const json = textOrNull(await run(TAKE, keysOf(sessionId, id), [id, now]));
      return json === null ? null : (JSON.parse(json) as ChallengeRow); // what `insert` wrote
    },
    dropForSession,
    dropForUser,
    async spend(hash, expiresAt, now) {
      return (await run(SPEND, [spentMark(hash)], [expiresAt, keepFor(now, expiresAt)])) === 1;
    },
    // They go by themselves.
    deleteExpired: () => Promise.resolve(0),
  };
}
