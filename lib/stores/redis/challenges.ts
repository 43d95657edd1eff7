import type { ChallengeRow, ChallengeStore } from '../contract/challenges.js';
import { BY_BYTE, type Redis, type Script, script, textOrNull } from './scripts.js';
import { LIVE, PUT, sessionScopedRows } from './session-scoped-rows.js';
import { ttlOf } from './ttl.js';

/** KEYS: lookup of the challenge. ARGV: session, time to live. The first session stays. */
const CLAIM: Script = script(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('This id is taken.') end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`);

/** As PUT, and how many there may be. */
const INSERT: Script = script(`${BY_BYTE}
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  return redis.error_reply('There is a challenge with this id already.')
end
${PUT}
local rows = {}
for _, text in ipairs(redis.call('HVALS', KEYS[1])) do rows[#rows + 1] = cjson.decode(text) end
table.sort(rows, function(a, b)
  if a.createdAt ~= b.createdAt then return a.createdAt < b.createdAt end
  return comes_first(a.id, b.id)
end)
for index = 1, #rows - tonumber(ARGV[4]) do redis.call('HDEL', KEYS[1], rows[index].id) end
return 1`);

/** KEYS: rows of the session. ARGV: id, now. */
const TAKE: Script = script(`${LIVE}
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text or not live(cjson.decode(text), tonumber(ARGV[2])) then return false end
redis.call('HDEL', KEYS[1], ARGV[1])
return text`);

const SPEND: Script = script(`return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0`);

/** Up to 0.1.0 a row had neither a generation nor an action's mark. */
type Later = 'generation' | 'actionMark';
type StoredChallenge = Omit<ChallengeRow, Later> & Partial<Pick<ChallengeRow, Later>>;

export function redisChallenges(redis: Redis): ChallengeStore {
  const { run, keys } = redis;
  const { noteSession, dropForSession, dropForUser } = sessionScopedRows(redis, 'challenges');
  return {
    claim: redis.claim,
    async insert(row, max) {
      const { id, sessionId, createdAt, expiresAt } = row;
      const ttl = ttlOf(expiresAt, createdAt);
      const args = [id, JSON.stringify(row), ttl, max];
      await Promise.all([noteSession(row), run(CLAIM, keys.challengeLookup(id), sessionId, ttl)]);
      await run(INSERT, keys.rowsOf('challenges', sessionId), ...args);
    },
    async take(sessionId, id, now) {
      const json = textOrNull(await run(TAKE, keys.rowsOf('challenges', sessionId), id, now));
      return json === null ? null : { generation: 0, actionMark: null, ...(JSON.parse(json) as StoredChallenge) }; // what `insert` wrote
    },
    dropForSession,
    dropForUser: (userId) => dropForUser(userId, null),
    async spend(hash, expiresAt, now) {
      return Number(await run(SPEND, keys.spentMark(hash), expiresAt, ttlOf(expiresAt, now))) === 1;
    },
    // They go by themselves.
    deleteExpired: () => Promise.resolve(0),
  };
}
