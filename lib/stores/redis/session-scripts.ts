import { NOT_BEFORE } from './keys.js';
import { BY_BYTE, type Script, script } from './scripts.js';
import { SIGN_IN, STEP_UP } from './session-row.js';

/*
 * KEYS is the hash of a user's sessions, and nothing else. ARGV stands in the order in which sessions.ts hands it over.
 * Numbers in Lua are doubles, exact for milliseconds, and are written back by `%.0f`. The time to live of the hash covers
 * the absolute ends of all its sessions; whether a session is live is decided by its own fields.
 */
const COMMON = `
local sessions = KEYS[1]
local function integer(value) return string.format('%.0f', value) end
local function read(id)
  local text = redis.call('HGET', sessions, id)
  return text and cjson.decode(text)
end
local function write(row)
  local text = cjson.encode(row)
  redis.call('HSET', sessions, row.id, text)
  return text
end
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
local function drop_fields(row, prefix)
  for name in pairs(row) do
    if string.sub(name, 1, #prefix) == prefix then row[name] = nil end
  end
end
local function keep_for(ms)
  if redis.call('PTTL', sessions) < ms then redis.call('PEXPIRE', sessions, integer(ms)) end
end
local function seen(row, at) row.lastSeenAt = integer(math.max(tonumber(row.lastSeenAt), tonumber(at))) end
local function slide(row, idle)
  row.idleExpiresAt = integer(math.max(tonumber(row.idleExpiresAt), math.min(tonumber(idle), tonumber(row.expiresAt))))
end
-- Whether the use of the current session token shows that its client has the current refresh token, too.
local function came_with_refresh(row) return row.refreshHash and not row.tokenNonce end
local function raise_not_before(time, ms)
  local known = redis.call('HGET', sessions, '${NOT_BEFORE}')
  if not known or tonumber(known) < tonumber(time) then redis.call('HSET', sessions, '${NOT_BEFORE}', time) end
  keep_for(ms)
end
-- Adds the id and the tokens of what ended, so that their hints can go, too.
local function end_session(row, ended)
  redis.call('HDEL', sessions, row.id)
  ended[#ended + 1] = row.id
  ended[#ended + 1] = row.tokenHash
  ended[#ended + 1] = row.previousTokenHash or ''
end
local function end_others(except, ended)
  for _, id in ipairs(ids()) do
    if id ~= except then end_session(read(id), ended) end
  end
  return ended
end
local function holds(row, token) return row and (row.tokenHash == token or row.previousTokenHash == token) end
-- And the token that was to be the session's, unless a step like this one has made it so.
local function lost(row, token) return { 'lost', holds(row, token) and '' or token } end
`;

/** Gives nothing when it is refused, or else two lists: what was replaced, and what was evicted. */
export const INSERT: Script = script(`${COMMON}${BY_BYTE}
local function oldest_first(a, b)
  local x, y = tonumber(a.createdAt), tonumber(b.createdAt)
  if x ~= y then return x < y end
  return comes_first(a.id, b.id)
end
local row, now, cap, replaces, replaced_id, ttl =
  cjson.decode(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])
if redis.call('HEXISTS', sessions, row.id) == 1 then
  return redis.error_reply('There is a session with this id already.')
end
local not_before = redis.call('HGET', sessions, '${NOT_BEFORE}')
if not_before and tonumber(row.authenticatedAt) <= tonumber(not_before) then return false end
local replaced, evicted = {}, {}
local carried = replaced_id ~= '' and read(replaced_id)
if holds(carried, replaces) then end_session(carried, replaced) end
if cap then
  local others = {}
  for _, id in ipairs(ids()) do
    local other = read(id)
    if live(other, now) then others[#others + 1] = other end
  end
  table.sort(others, oldest_first)
  for index = 1, math.min(#others, #others + 1 - cap) do end_session(others[index], evicted) end
end
redis.call('HSET', sessions, row.id, ARGV[1])
keep_for(ttl)
return { replaced, evicted }`);

/** ARGV: id, row, time to live. Gives how many were written. */
export const PUT: Script = script(`${COMMON}
local written = redis.call('HSETNX', sessions, ARGV[1], ARGV[2])
keep_for(tonumber(ARGV[3]))
return written`);

/** ARGV: not-before time, time to live. Gives how many were written. */
export const PUT_NOT_BEFORE: Script = script(`${COMMON}
local known = redis.call('HGET', sessions, '${NOT_BEFORE}')
if known and tonumber(known) >= tonumber(ARGV[1]) then return 0 end
raise_not_before(ARGV[1], tonumber(ARGV[2]))
return 1`);

export const READ: Script = script(`return redis.call('HGET', KEYS[1], ARGV[1])`);

export const READ_NOT_BEFORE: Script = script(`return redis.call('HGET', KEYS[1], '${NOT_BEFORE}')`);

/** Gives names and what they stand for. */
export const READ_ALL: Script = script(`return redis.call('HGETALL', KEYS[1])`);

/** ARGV: id, token that it must have or ''. Gives what ended. */
export const REVOKE: Script = script(`${COMMON}
local row, ended = read(ARGV[1]), {}
if row and (ARGV[2] == '' or holds(row, ARGV[2])) then end_session(row, ended) end
return ended`);

/** Gives what ended. */
export const REVOKE_ALL: Script = script(`${COMMON}
raise_not_before(ARGV[2], tonumber(ARGV[3]))
return end_others(ARGV[1], {})`);

/** ARGV: now, and then id, seenAt, idleExpiresAt and confirms or '' of each touch. */
export const TOUCH: Script = script(`${COMMON}
for index = 2, #ARGV, 4 do
  local row, seen_at, idle, confirms = read(ARGV[index]), ARGV[index + 1], ARGV[index + 2], ARGV[index + 3]
  if live(row, tonumber(ARGV[1])) then
    seen(row, seen_at)
    slide(row, idle)
    if confirms ~= '' and row.tokenHash == confirms then
      row.tokenConfirmedAt = row.tokenConfirmedAt or seen_at
      if came_with_refresh(row) then row.refreshConfirmedAt = row.refreshConfirmedAt or seen_at end
    end
    write(row)
  end
end
return 1`);

/** Gives 'rotated' or 'lost', and the token that the session hasn't (any more), or ''. */
export const ROTATE: Script = script(`${COMMON}
local row, now, presented, successor, nonce, token, idle =
  read(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
if not live(row, tonumber(now)) or row.refreshHash ~= presented then return lost(row, token) end
local dropped = row.previousTokenHash or ''
row.previousTokenHash, row.tokenHash = row.tokenHash, token
row.tokenNonce, row.tokenMethod, row.tokenConfirmedAt = nil, nil, nil
row.parentRefreshHash, row.refreshHash, row.refreshNonce = presented, successor, nonce
row.refreshedAt, row.refreshConfirmedAt = now, nil
drop_fields(row, '${STEP_UP}')
seen(row, now)
slide(row, idle)
write(row)
return { 'rotated', dropped }`);

/** Gives 'recorded' or 'lost', the token that the session hasn't (any more), or '', and the row if it was recorded. */
export const RECORD_STEP_UP: Script = script(`${COMMON}
local row, now, presented, nonce, token, method, verified_at =
  read(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
if not live(row, tonumber(now)) then return lost(row, token) end
local is_current = row.tokenHash == presented
-- Or it is the previous one of a replacement that nobody has seen yet, and that no other method's step-up made.
local is_previous = row.previousTokenHash == presented and not row.tokenConfirmedAt and
  (not row.tokenMethod or row.tokenMethod == method)
if not is_current and not is_previous then return lost(row, token) end
if is_current and came_with_refresh(row) then row.refreshConfirmedAt = row.refreshConfirmedAt or now end
local dropped = holds(row, token) and '' or token
if is_current or not row.tokenMethod then
  if is_current then dropped = row.previousTokenHash or '' else dropped = row.tokenHash end
  row.previousTokenHash, row.tokenHash = presented, token
  row.tokenNonce, row.tokenMethod, row.tokenConfirmedAt = nonce, method, nil
end
if verified_at ~= '' then
  local field = '${STEP_UP}' .. method
  if not row[field] or tonumber(row[field]) < tonumber(verified_at) then row[field] = verified_at end
end
return { 'recorded', dropped, write(row) }`);

/** ARGV: id. */
export const DROP_PROOFS: Script = script(`${COMMON}
local row = read(ARGV[1])
if not row then return 0 end
drop_fields(row, '${SIGN_IN}')
drop_fields(row, '${STEP_UP}')
write(row)
return 1`);

/** Gives 'replaced' or 'lost', two tokens that the session hasn't (any more), or '', and what ended. */
export const REPLACE: Script = script(`${COMMON}
local row, now, presented, token, refresh, ttl =
  read(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
if not live(row, tonumber(now)) or row.tokenHash ~= presented then return lost(row, token) end
local previous = row.previousTokenHash or ''
row.tokenHash, row.tokenConfirmedAt = token, now
row.previousTokenHash, row.tokenNonce, row.tokenMethod = nil, nil, nil
row.refreshHash, row.refreshedAt, row.refreshConfirmedAt, row.parentRefreshHash, row.refreshNonce = nil, nil, nil, nil, nil
if refresh ~= '' then row.refreshHash, row.refreshedAt, row.refreshConfirmedAt = refresh, now, now end
drop_fields(row, '${SIGN_IN}')
drop_fields(row, '${STEP_UP}')
write(row)
raise_not_before(now, ttl)
return end_others(row.id, { 'replaced', presented, previous })`);

/** ARGV: now, id. Gives its end if it is live, or what ended. */
export const END_IF_OVER: Script = script(`${COMMON}
local row, ended = read(ARGV[2]), {}
if live(row, tonumber(ARGV[1])) then
  return { integer(math.min(tonumber(row.idleExpiresAt), tonumber(row.expiresAt))) }
end
if row then end_session(row, ended) end
return ended`);
