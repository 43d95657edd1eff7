import type { GrantRow, GrantStore } from '../contract/grants.js';
import { indexOf } from './keys.js';
import { PUT, rowsOfSessions } from './rows-of-sessions.js';
import { type RunScript, type Script, script, texts } from './scripts.js';

/** As PUT, and now. Scored by their end, so that those that are long over leave the index. */
const INSERT: Script = script(`${PUT}
put()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[7] - 3600000)
return 1`);

/** KEYS: grant. ARGV: now. Gives 'taken' and the row, 'spent' or 'none'. */
const TAKE: Script = script(`
local found = redis.call('HMGET', KEYS[1], 'expiresAt', 'row')
if not found[1] or tonumber(found[1]) <= tonumber(ARGV[1]) then return { 'none' } end
if redis.call('HSETNX', KEYS[1], 'spent', 1) == 0 then return { 'spent' } end
return { 'taken', found[2] }`);

export function redisGrants(run: RunScript): GrantStore {
  const { prepare, dropForSession, dropForUser } = rowsOfSessions(run, 'grants');
  return {
    async insert(row) {
      const { sessionId, actionDigest, createdAt, expiresAt } = row;
      const args = await prepare(row, actionDigest, expiresAt);
      const index = indexOf('grants', sessionId);
      await run(INSERT, [index, `${index}:${actionDigest}`], [...args, createdAt]);
    },
    async take(sessionId, actionDigest, now) {
      const key = `${indexOf('grants', sessionId)}:${actionDigest}`;
      const [outcome, json] = texts(await run(TAKE, [key], [now]));
      if (outcome === 'taken' && json !== undefined) return { outcome, row: JSON.parse(json) as GrantRow }; // what `insert` wrote
      return { outcome: outcome === 'spent' ? 'spent' : 'none' };
    },
    dropForSession,
    dropForUser,
    // They go by themselves.
    deleteExpired: () => Promise.resolve(0),
  };
}
