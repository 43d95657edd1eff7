import type { GrantRow, GrantStore, TakeGrant } from '../contract/grants.js';
import { type Redis, type Script, script, textOrNull, texts } from './scripts.js';
import { LIVE, PUT, sessionScopedRows } from './session-scoped-rows.js';
import { MARGIN, ttlOf } from './ttl.js';

/*
 * A grant and the mark that its action was done lie under two keys, so a take is several steps: first the grant is taken,
 * and a flag in its place tells parallel takes at once; then the mark is written, and the flag goes. Where the mark can't
 * be written the grant is gone and the take rejects, so nothing is done that isn't marked.
 */

/** As PUT, and now. Takes those away that are long over: a session may get one after the other for days. */
const INSERT: Script = script(`${PUT}
local rows = redis.call('HGETALL', KEYS[1])
for index = 1, #rows, 2 do
  if cjson.decode(rows[index + 1]).expiresAt + ${MARGIN} <= tonumber(ARGV[4]) then
    redis.call('HDEL', KEYS[1], rows[index])
  end
end
return 1`);

/**
 * KEYS: rows of the session. ARGV: digest, now, action, markedUntil. Gives 'taken' and the row, 'spent' and when by the
 * flag, or 'none'. Up to 0.1.0 a flag said neither of what nor when: such a grant is none.
 */
const TAKE: Script = script(`${LIVE}
local digest, now, action, marked_until = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local text = redis.call('HGET', KEYS[1], digest)
local row = text and cjson.decode(text)
if not row then return { 'none' } end
if row.spent then
  if row.action ~= action or row.markedUntil <= now then return { 'none' } end
  return { 'spent', string.format('%.0f', row.spentAt) }
end
if not live(row, now) then return { 'none' } end
row.spent, row.spentAt, row.action, row.markedUntil = true, now, action, marked_until
redis.call('HSET', KEYS[1], digest, cjson.encode(row))
return { 'taken', text }`);

/**
 * KEYS: spent actions of the user. ARGV: action, spentAt, markedUntil, time to live. Looks at some others, and takes
 * those away that have expired: more than come.
 */
const MARK: Script = script(`
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
local some = redis.call('HRANDFIELD', KEYS[1], 10, 'WITHVALUES')
for index = 1, #some, 2 do
  if tonumber(string.match(some[index + 1], ' (.*)')) + ${MARGIN} <= tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[1], some[index])
  end
end
return 1`);

/** KEYS: rows of the session. ARGV: digest. A new grant may stand there by now. */
const DROP_FLAG: Script = script(`
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text and cjson.decode(text).spent then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 1`);

/** KEYS: rows of the session. ARGV: challenge. A flag stays: that was done. */
const DROP_FOR_CHALLENGE: Script = script(`
local rows = redis.call('HGETALL', KEYS[1])
for index = 1, #rows, 2 do
  local row = cjson.decode(rows[index + 1])
  if row.challengeId == ARGV[1] and not row.spent then redis.call('HDEL', KEYS[1], rows[index]) end
end
return 1`);

export function redisGrants(redis: Redis): GrantStore {
  const { command, run, keys } = redis;
  const rows = sessionScopedRows(redis, 'grants');

  async function marked({ userId, action, now }: TakeGrant): Promise<number | null> {
    const mark = textOrNull(await command('HGET', keys.spentActionsOf(userId), action));
    const [spentAt, until] = (mark ?? '').split(' ').map(Number);
    return spentAt === undefined || until === undefined || now >= until ? null : spentAt;
  }

  return {
    claim: redis.claim,
    async insert(row) {
      const { sessionId, actionDigest, createdAt, expiresAt } = row;
      const args = [actionDigest, JSON.stringify(row), ttlOf(expiresAt, createdAt), createdAt];
      await rows.noteSession(row);
      await run(INSERT, keys.rowsOf('grants', sessionId), ...args);
    },
    async take(asked) {
      const take = { ...asked };
      const { sessionId, userId, actionDigest, action, markedUntil, now } = take;
      const args = [actionDigest, now, action, markedUntil];
      const [outcome, said = ''] = texts(await run(TAKE, keys.rowsOf('grants', sessionId), ...args));
      if (outcome === 'taken') {
        await run(MARK, keys.spentActionsOf(userId), action, now, markedUntil, ttlOf(markedUntil, now));
        await run(DROP_FLAG, keys.rowsOf('grants', sessionId), actionDigest).catch(() => {}); // or it goes with its time
        return { outcome, row: JSON.parse(said) as GrantRow }; // what `insert` wrote
      }
      const times = [outcome === 'spent' ? Number(said) : null, await marked(take)].filter((time) => time !== null);
      return times.length === 0 ? { outcome: 'none' } : { outcome: 'spent', spentAt: Math.max(...times) };
    },
    async dropForChallenge(sessionId, challengeId) {
      await run(DROP_FOR_CHALLENGE, keys.rowsOf('grants', sessionId), challengeId);
    },
    dropForSession: rows.dropForSession,
    async dropForUser(userId, method) {
      await rows.dropForUser(userId, method);
      if (method === null) await command('DEL', keys.spentActionsOf(userId));
    },
    // They go by themselves.
    deleteExpired: () => Promise.resolve(0),
  };
}
