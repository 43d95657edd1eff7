import { admitted, approvalChanged, byAge, statusAt } from '../contract/approval-state.js';
import type { ApprovalRow, ApprovalStore } from '../contract/approvals.js';
import { lists, type Redis, type Script, script, TRIED_FOR, textOrNull } from './scripts.js';
import { MARGIN, ttlOf } from './ttl.js';

/*
 * All approvals of an instance lie in one hash: people decide on them, so that they are few, and a step that looks at
 * several takes one key all the same. Its fields are `row <id>`, the JSON of a row, and `asked <user>` and
 * `for <user>`, the JSON of the ids that a user's sessions and keys asked for, and that a user may decide. A row that is
 * decided on meanwhile only makes room for a new one, so an insert needs these lists to be what was read, and not the
 * rows.
 */

const LISTS = `
local key = KEYS[1]
local function ids_in(field)
  local text = redis.call('HGET', key, field)
  return text and cjson.decode(text) or {}
end
local function keep(field, ids)
  if #ids == 0 then redis.call('HDEL', key, field) else redis.call('HSET', key, field, cjson.encode(ids)) end
end
local function fields_of(row)
  local fields = { 'asked ' .. row.asker.userId }
  for _, user in ipairs(row.approvers) do fields[#fields + 1] = 'for ' .. user end
  return fields
end
local function add(id, row)
  for _, field in ipairs(fields_of(row)) do
    local ids = ids_in(field)
    ids[#ids + 1] = id
    keep(field, ids)
  end
end
local function remove(id, row)
  for _, field in ipairs(fields_of(row)) do
    local others = {}
    for _, other in ipairs(ids_in(field)) do if other ~= id then others[#others + 1] = other end end
    keep(field, others)
  end
  redis.call('HDEL', key, 'row ' .. id)
end
`;

/** ARGV: lists. Gives each as it is, and the rows that they lead to, some more than once. */
const READ: Script = script(`${LISTS}
local read, rows = {}, {}
for _, field in ipairs(ARGV) do
  read[#read + 1] = redis.call('HGET', key, field) or ''
  for _, id in ipairs(ids_in(field)) do
    local text = redis.call('HGET', key, 'row ' .. id)
    if text then rows[#rows + 1] = text end
  end
end
return { read, rows }`);

/**
 * ARGV: id, row, time to live, now, and then lists, each with what it was when it was read. Gives whether it was written.
 * Looks at some others, and takes away those of which nothing need be known any more: more than come.
 */
const INSERT: Script = script(`${LISTS}
local id, text, ttl, now = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('HEXISTS', key, 'row ' .. id) == 1 then
  return redis.error_reply('There is an approval with this id already.')
end
for index = 5, #ARGV, 2 do
  if (redis.call('HGET', key, ARGV[index]) or '') ~= ARGV[index + 1] then return 0 end
end
redis.call('HSET', key, 'row ' .. id, text)
add(id, cjson.decode(text))
if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl) end
local some = redis.call('HRANDFIELD', key, 20, 'WITHVALUES')
for index = 1, #some, 2 do
  if string.sub(some[index], 1, 4) == 'row ' then
    local row = cjson.decode(some[index + 1])
    if row.keptUntil + ${MARGIN} <= now then remove(string.sub(some[index], 5), row) end
  end
end
return 1`);

const GET: Script = script(`return redis.call('HGET', KEYS[1], 'row ' .. ARGV[1])`);

/** ARGV: id, the row as it was read, the new one. Gives whether it was written. */
const SWAP: Script = script(`
local field = 'row ' .. ARGV[1]
if redis.call('HGET', KEYS[1], field) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], field, ARGV[3])
return 1`);

/** ARGV: user, and what else a row has to have: a 'method', a 'session' or 'all', and which. */
const DROP: Script = script(`${LISTS}
local user, kind, name = ARGV[1], ARGV[2], ARGV[3]
local function is_dropped(row)
  if kind == 'all' then return true end
  local approved = row.status == 'approved' and row.decision.userId == user
  if kind == 'method' then return approved and row.decision.method == name end
  local asked = row.asker.kind == 'session' and row.asker.userId == user and row.asker.id == name
  return asked or (approved and row.decision.sessionId == name)
end
for _, field in ipairs({ 'asked ' .. user, 'for ' .. user }) do
  for _, id in ipairs(ids_in(field)) do
    local text = redis.call('HGET', key, 'row ' .. id)
    local row = text and cjson.decode(text)
    if row and is_dropped(row) then remove(id, row) end
  end
end
return 1`);

export function redisApprovals({ run, keys, claim }: Redis): ApprovalStore {
  const key = keys.approvals;

  async function retried<T>(step: () => Promise<T | null>): Promise<T> {
    const until = performance.now() + TRIED_FOR;
    for (;;) {
      const answer = await step();
      if (answer !== null) return answer;
      if (performance.now() > until) throw new Error('Other approvals always came first; nothing was written.');
    }
  }

  return {
    claim,
    insert(given, now) {
      const row = structuredClone(given);
      const text = JSON.stringify(row);
      const fields = [`asked ${row.asker.userId}`, ...row.approvers.map((userId) => `for ${userId}`)];
      return retried(async () => {
        const [read = [], found = []] = lists(await run(READ, key, ...fields));
        const answer = admitted(row, [...new Set(found)].map(toRow), now);
        if (answer.outcome !== 'inserted') return answer;
        const asRead = fields.flatMap((field, index) => [field, read[index] ?? '']);
        const written = await run(INSERT, key, row.id, text, ttlOf(row.keptUntil, now), now, ...asRead);
        return written === 1 ? answer : null;
      });
    },
    async get(id) {
      const text = textOrNull(await run(GET, key, id));
      return text === null ? null : toRow(text);
    },
    async listPending(userId, now) {
      const [, found = []] = lists(await run(READ, key, `for ${userId}`));
      const rows = found.map(toRow);
      return rows.filter((row) => statusAt(row, now) === 'pending').sort(byAge);
    },
    change(id, given, now) {
      const change = { ...given };
      return retried(async () => {
        const text = textOrNull(await run(GET, key, id));
        if (text === null) return { outcome: 'absent' };
        const row = toRow(text);
        const next = approvalChanged(row, change, now);
        if (next === null) return { outcome: 'refused', row };
        if ((await run(SWAP, key, id, text, JSON.stringify(next))) !== 1) return null;
        return { outcome: 'changed', row: next, from: row.status };
      });
    },
    async dropForSession(userId, sessionId) {
      await run(DROP, key, userId, 'session', sessionId);
    },
    async dropForUser(userId, method) {
      await (method === null ? run(DROP, key, userId, 'all', '') : run(DROP, key, userId, 'method', method));
    },
    // They go by themselves.
    deleteExpired: () => Promise.resolve(0),
  };
}

function toRow(text: string): ApprovalRow {
  return JSON.parse(text) as ApprovalRow; // what was written
}
