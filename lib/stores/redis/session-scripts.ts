import { CLOCK_TOLERANCE } from '../../internal/clock.js';
import type { Client } from './client.js';
import { type Keys, NOT_BEFORE } from './keys.js';
import { BY_BYTE, type Script, script } from './scripts.js';
import { CAME_WITH_REFRESH, IMPERSONATED } from './session-row.js';

/*
 * KEYS is the hash of a user's sessions, and nothing else. ARGV stands in the order in which it is handed over; ids in it
 * are names. Numbers in Lua are doubles, exact for milliseconds; times are compared, and written as the texts they came
 * as. The time to live of the hash covers the absolute ends of all its sessions; whether a session is live is decided by
 * its own fields. What becomes of a session's tokens is decided in session-changes.ts.
 */

const DAY = 86_400_000;

/** Of more sessions that end together only the ids are given: to read them all would hold up the server. */
export const MANY = 1000;

/** Where one server has all keys, a step also writes the lookups of what it changes. */
const lookupsOf = (prefix: string): string => `
local function slot_of_token(token) return '${prefix}:tokens:' .. string.sub(token, 1, 2), string.sub(token, 3, 14) end
local function slot_of_id(id)
  local size = string.find(id, '^[%w_-][%w_-]') and 2 or 1
  return '${prefix}:sessions:' .. string.sub(id, 1, size), string.sub(id, size + 1)
end
-- Many share a key: for a day's sessions its end is moved once.
local function keep_shared(key, ttl)
  if redis.call('PTTL', key) < tonumber(ttl) then
    redis.call('PEXPIRE', key, string.format('%.0f', tonumber(ttl) + ${DAY}))
  end
end
local function put(value, ttl, key, field)
  redis.call('HSET', key, field, value)
  keep_shared(key, ttl)
end
local function lead_to(place, ttl, token) if token ~= '-' then put(place, ttl, slot_of_token(token)) end end
local function lead_to_id(owner, ttl, id) put(owner, ttl, slot_of_id(id)) end
local function forget(token) if token ~= '-' then redis.call('HDEL', slot_of_token(token)) end end
local function forget_id(id) redis.call('HDEL', slot_of_id(id)) end
-- False where there is a session with this id.
local function claim(owner, ttl, id)
  local key, field = slot_of_id(id)
  if redis.call('HSETNX', key, field, owner) == 0 then
    local user = string.match(redis.call('HGET', key, field), ' (.*)')
    if redis.call('HEXISTS', '${prefix}:{user:' .. user .. '}', id) == 1 then return false end
    redis.call('HSET', key, field, owner)
  end
  keep_shared(key, ttl)
  return true
end
`;

/** In a cluster the lookups lie on other servers: lookup-keys.ts writes them before the step, and after it. */
const NO_LOOKUPS = `
local function lead_to() end
local function lead_to_id() end
local function forget() end
local function forget_id() end
local function claim(_, _, id) return redis.call('HEXISTS', KEYS[1], id) == 0 end
`;

const COMMON = `
local sessions = KEYS[1]
local function integer(value) return string.format('%.0f', value) end
local function keep_for(ttl)
  if redis.call('PTTL', sessions) < tonumber(ttl) then redis.call('PEXPIRE', sessions, ttl) end
end
local function not_before() return tonumber(redis.call('HGET', sessions, '${NOT_BEFORE}')) end
local function is_ahead(at, now) return at > now + ${CLOCK_TOLERANCE} end
local function raise_not_before(at, ttl)
  local known = not_before()
  if not known or known < at or is_ahead(known, at) then
    redis.call('HSET', sessions, '${NOT_BEFORE}', integer(at))
  end
  keep_for(ttl)
end
`;

/** What works on rows: a server makes each function anew with each call, so it stands only where a row is read. */
const ROWS = `
local function time(text) return tonumber(text, 36) end
local function parse(text)
  local row = {}
  row.flags, row.created, row.seen, row.idle_end, row.ends, row.confirmed, row.refresh_confirmed, row.token, row.previous, row.rest =
    string.match(text, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (.*)$')
  return row
end
local function text_of(row)
  local fields = { row.flags, row.created, row.seen, row.idle_end, row.ends, row.confirmed, row.refresh_confirmed,
    row.token, row.previous, row.rest }
  return table.concat(fields, ' ')
end
local function read(id)
  local text = redis.call('HGET', sessions, id)
  if not text then return nil end
  local row = parse(text)
  row.id = id
  return row
end
local function write(row) redis.call('HSET', sessions, row.id, text_of(row)) end
local function ids()
  local names = {}
  for _, name in ipairs(redis.call('HKEYS', sessions)) do
    if name ~= '${NOT_BEFORE}' then names[#names + 1] = name end
  end
  return names
end
local function earlier(a, b) if time(a) < time(b) then return a end return b end
local function later(a, b) if time(a) > time(b) then return a end return b end
local function end_of(row) return earlier(row.idle_end, row.ends) end
local function live(row, now) return row and time(end_of(row)) > now end
local function has(row, flag) return string.find(row.flags, flag, 2, true) end
local function add(ended, id, row)
  ended[#ended + 1] = id
  ended[#ended + 1] = row and row.token or '-'
  ended[#ended + 1] = row and row.previous or '-'
end
-- Adds the id and the tokens of what ended, so that their lookups can go, too.
local function end_session(row, ended)
  redis.call('HDEL', sessions, row.id)
  forget_id(row.id)
  forget(row.token)
  forget(row.previous)
  add(ended, row.id, row)
end
-- Of many no row is read, and their tokens' lookups go by themselves.
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
local function holds(row, token) return row and (row.token == token or row.previous == token) end
${BY_BYTE}
local function oldest_first(a, b)
  if a.created ~= b.created then return a.created < b.created end
  return comes_first(a.id, b.id)
end
-- The oldest live ones, of which there are too many to leave room for one more.
local function surplus(cap, now)
  local others, oldest = {}, {}
  for _, id in ipairs(ids()) do
    local row = read(id)
    if live(row, now) and not has(row, '${IMPERSONATED}') then
      others[#others + 1] = { id = id, created = time(row.created) }
    end
  end
  table.sort(others, oldest_first)
  for index = 1, math.min(#others, #others + 1 - cap) do oldest[index] = others[index].id end
  return oldest
end
`;

/** ARGV: id, the row as it must be, the new one, time to live, where a token leads, a new token or '-', two old ones or '-'. */
const SWAP = `${ROWS}
local current, written = redis.call('HGET', sessions, ARGV[1]), ARGV[3]
if not current then return current end
if current ~= ARGV[2] then
  -- Touches in a row would never let a change come first. What they have moved stays, unless the change moves it, too.
  local row, was, changed = parse(current), parse(ARGV[2]), parse(written)
  local seen, idle_end = row.seen, row.idle_end
  row.seen, row.idle_end = was.seen, was.idle_end
  if text_of(row) ~= ARGV[2] or changed.seen ~= was.seen or changed.idle_end ~= was.idle_end then return current end
  changed.seen, changed.idle_end = seen, idle_end
  written = text_of(changed)
end
redis.call('HSET', sessions, ARGV[1], written)
lead_to(ARGV[5], ARGV[4], ARGV[6])
forget(ARGV[7])
forget(ARGV[8])
`;

export interface SessionScripts {
  /**
   * ARGV: id, row, authenticatedAt, now, cap or '', a token of the session that ends or '', the id of that, time to live,
   * and then what the id leads to, what its tokens lead to, and these. Gives lists: what the not-before time was lowered
   * to, if it was, and unless the session is refused what was replaced and what was evicted.
   */
  readonly INSERT: Script;
  /** ARGV: id, row, time to live, and as INSERT. Gives how many were written. */
  readonly PUT: Script;
  /** ARGV: not-before time, time to live. Gives how many were written. */
  readonly PUT_NOT_BEFORE: Script;
  /** ARGV: id, token that it must have or ''. Gives what ended. */
  readonly REVOKE: Script;
  /** ARGV: except or '', not-before time, time to live. Gives what ended. */
  readonly REVOKE_ALL: Script;
  /** ARGV: now, and then id, seenAt, idleExpiresAt and confirms or '' of each touch. */
  readonly TOUCH: Script;
  /** Gives a list of the row as it was written, or the row that is there where it wasn't so. */
  readonly SWAP: Script;
  /** As SWAP, and not-before time and time to live. In the list what ended comes after the row. */
  readonly REPLACE: Script;
  /** ARGV: now, id. Gives its end if it is live, or what ended. */
  readonly END_IF_OVER: Script;
}

export function sessionScripts({ prefix }: Keys, { isCluster }: Client): SessionScripts {
  const step = (text: string): Script => script(`${isCluster ? NO_LOOKUPS : lookupsOf(prefix)}${COMMON}${text}`);
  return {
    INSERT: step(`
local id, now, cap, ttl = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[8]
local at, lowered = not_before(), {}
if at and is_ahead(at, now) then
  at = now - 1
  lowered[1] = integer(at)
end
local is_refused = at and tonumber(ARGV[3]) <= at
if not is_refused and not claim(ARGV[9], ttl, id) then
  return redis.error_reply('There is a session with this id already.')
end
if lowered[1] then redis.call('HSET', sessions, '${NOT_BEFORE}', lowered[1]) end
if is_refused then return { lowered } end
local replaced, evicted = {}, {}
-- Without so many there are as few live ones, and none has to be read.
local function is_full() return cap and redis.call('HLEN', sessions) >= cap end
if ARGV[7] ~= '' or is_full() then
  ${ROWS}
  local carried = ARGV[7] ~= '' and read(ARGV[7])
  if holds(carried, ARGV[6]) then end_session(carried, replaced) end
  if is_full() then end_all(surplus(cap, now), evicted) end
end
redis.call('HSET', sessions, id, ARGV[2])
keep_for(ttl)
for index = 11, #ARGV do lead_to(ARGV[10], ttl, ARGV[index]) end
return { lowered, replaced, evicted }`),

    PUT: step(`
local id, ttl = ARGV[1], ARGV[3]
if redis.call('HSETNX', sessions, id, ARGV[2]) == 0 then return 0 end
keep_for(ttl)
lead_to_id(ARGV[4], ttl, id)
for index = 6, #ARGV do lead_to(ARGV[5], ttl, ARGV[index]) end
return 1`),

    PUT_NOT_BEFORE: step(`
local known, at = not_before(), tonumber(ARGV[1])
if known and known >= at then return 0 end
raise_not_before(at, ARGV[2])
return 1`),

    REVOKE: step(`${ROWS}
local row, ended = read(ARGV[1]), {}
if row and (ARGV[2] == '' or holds(row, ARGV[2])) then end_session(row, ended) end
return ended`),

    REVOKE_ALL: step(`${ROWS}
raise_not_before(tonumber(ARGV[2]), ARGV[3])
return end_others(ARGV[1])`),

    TOUCH: step(`${ROWS}
for index = 2, #ARGV, 4 do
  local row, seen, idle_end, confirms = read(ARGV[index]), ARGV[index + 1], ARGV[index + 2], ARGV[index + 3]
  if live(row, tonumber(ARGV[1])) then
    row.seen = later(row.seen, seen)
    row.idle_end = later(row.idle_end, earlier(idle_end, row.ends))
    if row.token == confirms then
      if row.confirmed == '-' then row.confirmed = seen end
      if row.refresh_confirmed == '-' and has(row, '${CAME_WITH_REFRESH}') then row.refresh_confirmed = seen end
    end
    write(row)
  end
end
return 1`),

    SWAP: step(`${SWAP}
return { written }`),

    REPLACE: step(`${SWAP}
raise_not_before(tonumber(ARGV[9]), ARGV[10])
local answer = end_others(ARGV[1])
table.insert(answer, 1, written)
return answer`),

    END_IF_OVER: step(`${ROWS}
local row, ended = read(ARGV[2]), {}
if live(row, tonumber(ARGV[1])) then return { end_of(row) } end
if row then end_session(row, ended) end
return ended`),
  };
}
