import { CLOCK_TOLERANCE } from '../../internal/clock.js';
import { NOT_BEFORE } from './keys.js';
import { BY_BYTE, type Script, script } from './scripts.js';

/*
 * KEYS is the hash of a user's sessions, and nothing else. ARGV stands in the order in which it is handed over. Numbers in
 * Lua are doubles, exact for milliseconds, and are written back by `%.0f`. The time to live of the hash covers the
 * absolute ends of all its sessions; whether a session is live is decided by its own fields. What becomes of a session's
 * tokens is decided in session-changes.ts.
 */

/** Of more sessions that end together only the ids are told: to read them all would hold up the server. */
const MANY = 1000;

const COMMON = `
local sessions = KEYS[1]
local function integer(value) return string.format('%.0f', value) end
local function read(id)
  local text = redis.call('HGET', sessions, id)
  return text and cjson.decode(text)
end
local function write(row) redis.call('HSET', sessions, row.id, cjson.encode(row)) end
local function ids()
  local names = {}
  for _, name in ipairs(redis.call('HKEYS', sessions)) do
    if name ~= '${NOT_BEFORE}' then names[#names + 1] = name end
  end
  return names
end
local function live(row, now)
  return row and tonumber(row.idleExpiresAt) > now and tonumber(row.expiresAt) > now
end
local function keep_for(ms)
  if redis.call('PTTL', sessions) < ms then redis.call('PEXPIRE', sessions, integer(ms)) end
end
local function not_before() return tonumber(redis.call('HGET', sessions, '${NOT_BEFORE}')) end
local function is_ahead(at, now) return at > now + ${CLOCK_TOLERANCE} end
local function raise_not_before(time, ms)
  local known = not_before()
  if not known or known < time or is_ahead(known, time) then
    redis.call('HSET', sessions, '${NOT_BEFORE}', integer(time))
  end
  keep_for(ms)
end
local function add(ended, id, row)
  ended[#ended + 1] = id
  ended[#ended + 1] = row and row.tokenHash or ''
  ended[#ended + 1] = row and row.previousTokenHash or ''
end
-- Adds the id and the tokens of what ended, so that their lookupKeys can go, too.
local function end_session(row, ended)
  redis.call('HDEL', sessions, row.id)
  add(ended, row.id, row)
end
-- Of many no row is read, and their tokens' lookupKeys go by themselves.
local function end_all(all, ended)
  if #all <= ${MANY} then
    for _, id in ipairs(all) do end_session(read(id), ended) end
    return
  end
  for first = 1, #all, ${MANY} do
    redis.call('HDEL', sessions, unpack(all, first, math.min(first + ${MANY} - 1, #all)))
  end
  for _, id in ipairs(all) do add(ended, id) end
end
local function end_others(except)
  local others, ended = {}, {}
  for _, id in ipairs(ids()) do
    if id ~= except then others[#others + 1] = id end
  end
  end_all(others, ended)
  return ended
end
local function holds(row, token) return row and (row.tokenHash == token or row.previousTokenHash == token) end
`;

/**
 * Gives lists: what the not-before time was lowered to, if it was, and unless the session is refused what was replaced
 * and what was evicted.
 */
export const INSERT: Script = script(`${COMMON}${BY_BYTE}
local function oldest_first(a, b)
  if a.createdAt ~= b.createdAt then return a.createdAt < b.createdAt end
  return comes_first(a.id, b.id)
end
local row, now, cap, replaces, replaced_id, ttl =
  cjson.decode(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])
if redis.call('HEXISTS', sessions, row.id) == 1 then
  return redis.error_reply('There is a session with this id already.')
end
local time, lowered = not_before(), {}
if time and is_ahead(time, now) then
  time = now - 1
  lowered[1] = integer(time)
  redis.call('HSET', sessions, '${NOT_BEFORE}', lowered[1])
end
if time and tonumber(row.authenticatedAt) <= time then return { lowered } end
local replaced, evicted = {}, {}
local carried = replaced_id ~= '' and read(replaced_id)
if holds(carried, replaces) then end_session(carried, replaced) end
-- Without so many there are as few live ones, and none has to be read.
if cap and redis.call('HLEN', sessions) >= cap then
  local others = {}
  for _, id in ipairs(ids()) do
    local other = read(id)
    if live(other, now) and not other.impersonator then others[#others + 1] = { id = id, createdAt = tonumber(other.createdAt) } end
  end
  table.sort(others, oldest_first)
  local surplus = {}
  for index = 1, math.min(#others, #others + 1 - cap) do surplus[index] = others[index].id end
  end_all(surplus, evicted)
end
redis.call('HSET', sessions, row.id, ARGV[1])
keep_for(ttl)
return { lowered, replaced, evicted }`);

/** ARGV: id, row, time to live. Gives how many were written. */
export const PUT: Script = script(`${COMMON}
local written = redis.call('HSETNX', sessions, ARGV[1], ARGV[2])
keep_for(tonumber(ARGV[3]))
return written`);

/** ARGV: not-before time, time to live. Gives how many were written. */
export const PUT_NOT_BEFORE: Script = script(`${COMMON}
local known, time = not_before(), tonumber(ARGV[1])
if known and known >= time then return 0 end
raise_not_before(time, tonumber(ARGV[2]))
return 1`);

export const READ: Script = script(`return redis.call('HGET', KEYS[1], ARGV[1])`);

export const READ_NOT_BEFORE: Script = script(`return redis.call('HGET', KEYS[1], '${NOT_BEFORE}')`);

/** Gives the ids of the user's sessions. */
export const IDS: Script = script(`${COMMON}
return ids()`);

/** ARGV: ids. Gives those of the rows that are there. */
export const READ_SOME: Script = script(`
local rows = {}
for _, text in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV))) do
  if text then rows[#rows + 1] = text end
end
return rows`);

/** ARGV: id, token that it must have or ''. Gives what ended. */
export const REVOKE: Script = script(`${COMMON}
local row, ended = read(ARGV[1]), {}
if row and (ARGV[2] == '' or holds(row, ARGV[2])) then end_session(row, ended) end
return ended`);

/** ARGV: except or '', not-before time, time to live. Gives what ended. */
export const REVOKE_ALL: Script = script(`${COMMON}
raise_not_before(tonumber(ARGV[2]), tonumber(ARGV[3]))
return end_others(ARGV[1])`);

/** ARGV: now, and then id, seenAt, idleExpiresAt and confirms or '' of each touch. */
export const TOUCH: Script = script(`${COMMON}
for index = 2, #ARGV, 4 do
  local row, seen_at, idle, confirms = read(ARGV[index]), ARGV[index + 1], ARGV[index + 2], ARGV[index + 3]
  if live(row, tonumber(ARGV[1])) then
    row.lastSeenAt = integer(math.max(tonumber(row.lastSeenAt), tonumber(seen_at)))
    idle = math.min(tonumber(idle), tonumber(row.expiresAt))
    row.idleExpiresAt = integer(math.max(tonumber(row.idleExpiresAt), idle))
    if confirms ~= '' and row.tokenHash == confirms then
      row.tokenConfirmedAt = row.tokenConfirmedAt or seen_at
      local came_with_refresh = row.refreshHash and not row.tokenMethod
      if came_with_refresh then row.refreshConfirmedAt = row.refreshConfirmedAt or seen_at end
    end
    write(row)
  end
end
return 1`);

/** ARGV: id, the row as it must be, the new one. Gives whether it was so. */
export const SWAP: Script = script(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`);

/** As SWAP, and not-before time and time to live. Gives what ended, or nothing where the row wasn't so. */
export const REPLACE: Script = script(`${COMMON}
if redis.call('HGET', sessions, ARGV[1]) ~= ARGV[2] then return false end
redis.call('HSET', sessions, ARGV[1], ARGV[3])
raise_not_before(tonumber(ARGV[4]), tonumber(ARGV[5]))
return end_others(ARGV[1])`);

/** ARGV: now, id. Gives its end if it is live, or what ended. */
export const END_IF_OVER: Script = script(`${COMMON}
local row, ended = read(ARGV[2]), {}
if live(row, tonumber(ARGV[1])) then
  return { integer(math.min(tonumber(row.idleExpiresAt), tonumber(row.expiresAt))) }
end
if row then end_session(row, ended) end
return ended`);
