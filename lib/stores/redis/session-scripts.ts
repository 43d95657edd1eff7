import { type Script, script } from './scripts.js';
import { SIGN_IN, STEP_UP } from './session-row.js';

/*
 * KEYS and ARGV stand in the order in which sessions.ts hands them over. Numbers in Lua are doubles, exact for
 * milliseconds, and are written back by `%.0f`. Times to live only collect what is over anyway: whether a session is
 * live is decided by its own fields.
 */
const LIVE = `
local function live(key, now)
  local ends = redis.call('HMGET', key, 'idleExpiresAt', 'expiresAt')
  return ends[1] and tonumber(ends[1]) > now and tonumber(ends[2]) > now
end
local function integer(value) return string.format('%.0f', value) end
local function drop_fields(key, prefix)
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.sub(field, 1, #prefix) == prefix then redis.call('HDEL', key, field) end
  end
end
local function keep_for(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, integer(ms)) end
end
local function slide(key, idle, now, margin)
  local row = redis.call('HMGET', key, 'idleExpiresAt', 'expiresAt')
  idle = math.max(tonumber(row[1]), math.min(idle, tonumber(row[2])))
  redis.call('HSET', key, 'idleExpiresAt', integer(idle))
  redis.call('PEXPIRE', key, integer(math.max(0, idle - now) + margin))
end
-- Whether the use of the current session token shows that its client has the current refresh token, too.
local function came_with_refresh(key)
  return redis.call('HEXISTS', key, 'refreshHash') == 1 and redis.call('HEXISTS', key, 'tokenNonce') == 0
end
local function raise_not_before(key, time, ms)
  local known = redis.call('GET', key)
  if not known or tonumber(known) < tonumber(time) then redis.call('SET', key, time) end
  keep_for(key, ms)
end
-- Adds the id and the tokens of what ended, so that their hints can go, too.
local function end_session(sessions, prefix, id, ended)
  local tokens = redis.call('HMGET', prefix .. id, 'tokenHash', 'previousTokenHash')
  redis.call('ZREM', sessions, id)
  if redis.call('DEL', prefix .. id) == 0 then return end
  ended[#ended + 1] = id
  ended[#ended + 1] = tokens[1] or ''
  ended[#ended + 1] = tokens[2] or ''
end
local function end_others(sessions, prefix, except, ended)
  for _, id in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
    if id ~= except then end_session(sessions, prefix, id, ended) end
  end
  return ended
end
local function holds(key, token)
  local tokens = redis.call('HMGET', key, 'tokenHash', 'previousTokenHash')
  return tokens[1] == token or tokens[2] == token
end
`;

/**
 * KEYS: sessions of the user, not-before, session. Gives 'refused', or 'inserted' and how many were replaced (1 or 0),
 * and then these and the evicted.
 */
export const INSERT: Script = script(`${LIVE}
local prefix, id, now, authenticated_at, created_at = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local cap, replaces, replaced_id = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local ttl, index_ttl = tonumber(ARGV[9]), tonumber(ARGV[10])
if redis.call('EXISTS', KEYS[3]) == 1 then return redis.error_reply('There is a session with this id already.') end
local not_before = redis.call('GET', KEYS[2])
if not_before and authenticated_at <= tonumber(not_before) then return { 'refused' } end
local answer = { 'inserted', '0' }
if replaced_id ~= '' and holds(prefix .. replaced_id, replaces) then
  end_session(KEYS[1], prefix, replaced_id, answer)
  answer[2] = '1'
end
if cap then
  -- By score and then by name: the oldest first, ties by id.
  local others = {}
  for _, other in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if redis.call('EXISTS', prefix .. other) == 0 then redis.call('ZREM', KEYS[1], other)
    elseif live(prefix .. other, now) then others[#others + 1] = other end
  end
  for index = 1, math.min(#others, #others + 1 - cap) do end_session(KEYS[1], prefix, others[index], answer) end
end
for index = 11, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[index], ARGV[index + 1]) end
redis.call('PEXPIRE', KEYS[3], integer(ttl))
redis.call('ZADD', KEYS[1], created_at, id)
keep_for(KEYS[1], index_ttl)
return answer`);

/** KEYS: session. */
export const READ: Script = script(`return redis.call('HGETALL', KEYS[1])`);

/** KEYS: sessions of the user. */
export const READ_ALL: Script = script(`
local rows = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local row = redis.call('HGETALL', ARGV[1] .. id)
  if #row > 0 then rows[#rows + 1] = row else redis.call('ZREM', KEYS[1], id) end
end
return rows`);

/** KEYS: sessions of the user. ARGV: prefix, id, token that it must have or ''. Gives what ended. */
export const REVOKE: Script = script(`${LIVE}
local ended = {}
if ARGV[3] == '' or holds(ARGV[1] .. ARGV[2], ARGV[3]) then end_session(KEYS[1], ARGV[1], ARGV[2], ended) end
return ended`);

/** KEYS: sessions of the user, not-before. Gives what ended. */
export const REVOKE_ALL: Script = script(`${LIVE}
raise_not_before(KEYS[2], ARGV[3], tonumber(ARGV[4]))
return end_others(KEYS[1], ARGV[1], ARGV[2], {})`);

/** KEYS: session. */
export const TOUCH: Script = script(`${LIVE}
local now, seen_at, idle, confirms, margin = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
if not live(KEYS[1], now) then return 0 end
local row = redis.call('HMGET', KEYS[1], 'lastSeenAt', 'tokenHash')
if tonumber(row[1]) < tonumber(seen_at) then redis.call('HSET', KEYS[1], 'lastSeenAt', seen_at) end
slide(KEYS[1], idle, now, margin)
if confirms ~= '' and row[2] == confirms then
  redis.call('HSETNX', KEYS[1], 'tokenConfirmedAt', seen_at)
  if came_with_refresh(KEYS[1]) then redis.call('HSETNX', KEYS[1], 'refreshConfirmedAt', seen_at) end
end
return 1`);

/** KEYS: session. Gives the row as it is then, or nothing. */
export const ROTATE: Script = script(`${LIVE}
local now, presented, successor, nonce, token, idle, margin =
  tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local row = redis.call('HMGET', KEYS[1], 'refreshHash', 'tokenHash', 'lastSeenAt')
if row[1] ~= presented or not live(KEYS[1], now) then return {} end
redis.call('HSET', KEYS[1], 'previousTokenHash', row[2], 'tokenHash', token, 'parentRefreshHash', presented,
  'refreshHash', successor, 'refreshNonce', nonce, 'refreshedAt', ARGV[1],
  'lastSeenAt', integer(math.max(now, tonumber(row[3]))))
redis.call('HDEL', KEYS[1], 'tokenNonce', 'tokenMethod', 'tokenConfirmedAt', 'refreshConfirmedAt')
drop_fields(KEYS[1], '${STEP_UP}')
slide(KEYS[1], idle, now, margin)
return redis.call('HGETALL', KEYS[1])`);

/** KEYS: session. Gives the row as it is then, or nothing. */
export const RECORD_STEP_UP: Script = script(`${LIVE}
local now, presented, nonce, token, method, verified_at = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if not live(KEYS[1], now) then return {} end
local row = redis.call('HMGET', KEYS[1], 'tokenHash', 'previousTokenHash', 'tokenConfirmedAt', 'tokenMethod')
local is_current = row[1] == presented
-- Or it is the previous one of a replacement that nobody has seen yet, and that no other method's step-up made.
if not is_current and not (row[2] == presented and not row[3] and (not row[4] or row[4] == method)) then return {} end
if is_current and came_with_refresh(KEYS[1]) then redis.call('HSETNX', KEYS[1], 'refreshConfirmedAt', ARGV[1]) end
if is_current or not row[4] then
  redis.call('HSET', KEYS[1], 'tokenHash', token, 'tokenNonce', nonce, 'tokenMethod', method,
    'previousTokenHash', presented)
  redis.call('HDEL', KEYS[1], 'tokenConfirmedAt')
end
if verified_at ~= '' then
  local field = '${STEP_UP}' .. method
  local known = redis.call('HGET', KEYS[1], field)
  if not known or tonumber(known) < tonumber(verified_at) then redis.call('HSET', KEYS[1], field, verified_at) end
end
return redis.call('HGETALL', KEYS[1])`);

/** KEYS: session. */
export const DROP_PROOFS: Script = script(`${LIVE}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
drop_fields(KEYS[1], '${SIGN_IN}')
drop_fields(KEYS[1], '${STEP_UP}')
return 1`);

/** KEYS: session, sessions of the user, not-before. Gives 'lost', or 'replaced' and what ended. */
export const REPLACE: Script = script(`${LIVE}
local now, presented, token, refresh, prefix, id, ttl =
  tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
if redis.call('HGET', KEYS[1], 'tokenHash') ~= presented or not live(KEYS[1], now) then return { 'lost' } end
redis.call('HDEL', KEYS[1], 'previousTokenHash', 'tokenNonce', 'tokenMethod', 'refreshHash', 'parentRefreshHash',
  'refreshNonce', 'refreshedAt', 'refreshConfirmedAt')
redis.call('HSET', KEYS[1], 'tokenHash', token, 'tokenConfirmedAt', ARGV[1])
if refresh ~= '' then
  redis.call('HSET', KEYS[1], 'refreshHash', refresh, 'refreshedAt', ARGV[1], 'refreshConfirmedAt', ARGV[1])
end
drop_fields(KEYS[1], '${SIGN_IN}')
drop_fields(KEYS[1], '${STEP_UP}')
raise_not_before(KEYS[3], ARGV[1], ttl)
return end_others(KEYS[2], prefix, id, { 'replaced' })`);

/** KEYS: session, sessions of the user. ARGV: now, prefix, id. Gives its end if it is live, or what ended. */
export const END_IF_OVER: Script = script(`${LIVE}
local ended = {}
if live(KEYS[1], tonumber(ARGV[1])) then
  local ends = redis.call('HMGET', KEYS[1], 'idleExpiresAt', 'expiresAt')
  return { integer(math.min(tonumber(ends[1]), tonumber(ends[2]))) }
end
end_session(KEYS[2], ARGV[2], ARGV[3], ended)
return ended`);
