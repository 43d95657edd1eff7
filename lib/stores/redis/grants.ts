import type { GrantRow, GrantStore } from '../contract/grants.js';
import { keepFor, MARGIN } from './keep-for.js';
import { rowsOf } from './keys.js';
import { PUT, rowsOfSessions } from './rows-of-sessions.js';
import { type RunScript, type Script, script, texts } from './scripts.js';

/** As PUT, and now. Takes those away that are long over: a session may get one after the other for days. */
const INSERT: Script = script(`${PUT}
local rows = redis.call('HGETALL', KEYS[1])
for index = 1, #rows, 2 do
  if cjson.decode(rows[index + 1]).expiresAt + ${MARGIN} <= tonumber(ARGV[4]) then
    redis.call('HDEL', KEYS[1], rows[index])
  end
end
return 1`);

/** KEYS: rows of the session. ARGV: digest, now. Gives 'taken' and the row, 'spent' or 'none'. */
const TAKE: Script = script(`
local text = redis.call('HGET', KEYS[1], ARGV[1])
local row = text and cjson.decode(text)
if not row or row.expiresAt <= tonumber(ARGV[2]) then return { 'none' } end
if row.spent then return { 'spent' } end
row.spent = true
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(row))
return { 'taken', text }`);

export function redisGrants(run: RunScript): GrantStore {
  const { noteSession, dropForSession, dropForUser } = rowsOfSessions(run, 'grants');
  return {
    async insert(row) {
      const { sessionId, actionDigest, createdAt, expiresAt } = row;
      const args = [actionDigest, JSON.stringify(row), keepFor(expiresAt, createdAt), createdAt];
      await noteSession(row);
      await run(INSERT, rowsOf('grants', sessionId), ...args);
    },
    async take(sessionId, actionDigest, now) {
      const [outcome, json] = texts(await run(TAKE, rowsOf('grants', sessionId), actionDigest, now));
      if (outcome === 'taken' && json !== undefined) return { outcome, row: JSON.parse(json) as GrantRow }; // what `insert` wrote
      return { outcome: outcome === 'spent' ? 'spent' : 'none' };
    },
    dropForSession,
    dropForUser,
    // They go by themselves.
    deleteExpired: () => Promise.resolve(0),
  };
}
