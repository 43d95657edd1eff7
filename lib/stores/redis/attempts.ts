import type { AttemptCount, AttemptStore } from '../contract/attempts.js';
import { countOf } from './copy.js';
import { userOf } from './keys.js';
import { type Redis, type Script, script, texts } from './scripts.js';
import { MARGIN } from './ttl.js';

/*
 * KEYS: the counters of the user, a hash of texts: the count, the end and the length of the window, these two empty for a
 * counter that has none. The key lives as long as its longest window, and for ever with a counter that has none.
 */
const READ = `
local counters = KEYS[1]
local function parsed(value)
  local count, ends, window = string.match(value, '^(%d+) (%d*) (%d*)$')
  return { count = tonumber(count), ends = tonumber(ends), window = tonumber(window) }
end
local function read(key, now)
  local value = redis.call('HGET', counters, key)
  if not value then return nil end
  local at = parsed(value)
  if at.ends and at.ends <= now then return nil end
  return at
end
local function integer(value) return string.format('%.0f', value) end
local function shown(at) return { integer(at.count), at.ends and integer(at.ends) or '' } end
local function write(key, at)
  local fields = shown(at)
  fields[3] = at.window and integer(at.window) or ''
  redis.call('HSET', counters, key, table.concat(fields, ' '))
end
local function add(answer, key, at)
  answer[#answer + 1] = key
  for _, text in ipairs(shown(at)) do answer[#answer + 1] = text end
end
local function keep()
  local longest = 0
  for _, value in ipairs(redis.call('HVALS', counters)) do
    local window = parsed(value).window
    if not window then return redis.call('PERSIST', counters) end
    longest = math.max(longest, window)
  end
  redis.call('PEXPIRE', counters, integer(longest + ${MARGIN}))
end
`;

/** ARGV: now, keys. Gives key, count and end ('' for none) of each that is live. */
const READ_ALL: Script = script(`${READ}
local answer = {}
for index = 2, #ARGV do
  local at = read(ARGV[index], tonumber(ARGV[1]))
  if at then add(answer, ARGV[index], at) end
end
return answer`);

/** ARGV: now, then key, limit and window of each counter. Gives 'refused' or 'counted', and then as above. */
const COUNT: Script = script(`${READ}
local now = tonumber(ARGV[1])
-- Nothing of one whose end is beyond what a clock that is right can have written (\`isBeyond\`).
local function believed(key, window)
  local at = read(key, now)
  if at and at.ends and window and at.ends - now > 2 * window then return nil end
  return at
end
for index = 2, #ARGV, 3 do
  local limit, at = tonumber(ARGV[index + 1]), believed(ARGV[index], tonumber(ARGV[index + 2]))
  if at and limit and at.count >= limit then
    local refused = { 'refused' }
    add(refused, ARGV[index], at)
    return refused
  end
end
local answer = { 'counted' }
for index = 2, #ARGV, 3 do
  local key, window = ARGV[index], tonumber(ARGV[index + 2])
  local at = believed(key, window) or { count = 0, ends = window and now + window, window = window }
  at.count = at.count + 1
  write(key, at)
  add(answer, key, at)
end
local all = redis.call('HGETALL', counters)
for index = 1, #all, 2 do
  local ends = parsed(all[index + 1]).ends
  if ends and ends + ${MARGIN} <= now then redis.call('HDEL', counters, all[index]) end
end
keep()
return answer`);

/** ARGV: how many are to be cleared, these, and then those to be refunded. */
const RESET: Script = script(`${READ}
local clear = tonumber(ARGV[1])
for index = 2, #ARGV do
  local value = redis.call('HGET', counters, ARGV[index])
  if index <= clear + 1 then redis.call('HDEL', counters, ARGV[index])
  elseif value then
    local at = parsed(value)
    at.count = math.max(0, at.count - 1)
    write(ARGV[index], at)
  end
end
keep()
return 1`);

const DROP: Script = script(`return redis.call('DEL', KEYS[1])`);

/** ARGV: now. As READ_ALL, of all counters. */
const READ_EVERY: Script = script(`${READ}
local answer = {}
for _, key in ipairs(redis.call('HKEYS', counters)) do
  local at = read(key, tonumber(ARGV[1]))
  if at then add(answer, key, at) end
end
return answer`);

/** ARGV: now, key, count, and end or ''. Gives how many were written. */
const PUT: Script = script(`${READ}
local now, key, ends = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[4])
if redis.call('HEXISTS', counters, key) == 1 then return 0 end
write(key, { count = tonumber(ARGV[3]), ends = ends, window = ends and math.max(1, ends - now) })
keep()
return 1`);

export function redisAttempts({ client, run, keys: { attemptsOf }, claim }: Redis): AttemptStore {
  return {
    claim,
    async read(userId, keys, now) {
      return countsOf(texts(await run(READ_ALL, attemptsOf(userId), now, ...keys)));
    },
    async count(userId, counters, now) {
      const args = counters.flatMap(({ key, limit, window }) => [key, limit ?? '', window ?? '']);
      const [outcome, ...flat] = texts(await run(COUNT, attemptsOf(userId), now, ...args));
      const counts = countsOf(flat);
      const [at] = counts;
      return outcome === 'refused' && at !== undefined ? { outcome, at } : { outcome: 'counted', counts };
    },
    async reset(userId, { clear, refund }) {
      await run(RESET, attemptsOf(userId), clear.length, ...clear, ...refund);
    },
    async dropForUser(userId) {
      await run(DROP, attemptsOf(userId));
    },
    // They go by themselves.
    deleteExpired: () => Promise.resolve(0),
    copy: {
      async *rows(now) {
        for await (const keys of client.scan(attemptsOf('*'))) {
          const rows = keys.map(async (key) => {
            const userId = userOf(key);
            return countsOf(texts(await run(READ_EVERY, key, now))).map((count) => ({ userId, ...count }));
          });
          yield (await Promise.all(rows)).flat();
        }
      },
      put: (rows, now) =>
        countOf(rows, ({ userId, key, count, endsAt }) => run(PUT, attemptsOf(userId), now, key, count, endsAt ?? '')),
    },
  };
}

function countsOf(flat: readonly string[]): readonly AttemptCount[] {
  const counts: AttemptCount[] = [];
  for (let index = 0; index < flat.length; index += 3) {
    const [key = '', count, endsAt = ''] = flat.slice(index, index + 3);
    counts.push({ key, count: Number(count), endsAt: endsAt === '' ? null : Number(endsAt) });
  }
  return counts;
}
