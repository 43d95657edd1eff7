import { indexOf, type SessionPart, sessionsWith } from './keys.js';
import { type RunScript, type Script, script, texts } from './scripts.js';

/*
 * Challenges and grants: a row is a hash with `expiresAt`, `userId` and `row`, its JSON. It lies in its session's slot,
 * with an index of the session's rows. Which sessions of a user have rows stands in the user's own slot, written before.
 */

/** For clocks that differ: how long after its end a key is kept. Whether a row is live is decided by its own field. */
const MARGIN = 60_000;

/** KEYS: index of the session, row. ARGV: name, score, expiresAt, userId, row, time to live. */
export const PUT = `
local function put()
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'expiresAt', ARGV[3], 'userId', ARGV[4], 'row', ARGV[5])
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[6]) then redis.call('PEXPIRE', KEYS[1], ARGV[6]) end
end
`;

/** KEYS: index of the session. ARGV: a user whose rows go, or '' for all. */
const DROP: Script = script(`
for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = KEYS[1] .. ':' .. name
  if ARGV[1] == '' or redis.call('HGET', key, 'userId') == ARGV[1] then
    redis.call('DEL', key)
    redis.call('ZREM', KEYS[1], name)
  end
end
return 1`);

/** KEYS: sessions of the user that have rows. ARGV: session, expiresAt, createdAt, time to live. */
const NOTE_SESSION: Script = script(`
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3] - ${MARGIN})
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`);

const SESSIONS: Script = script(`return redis.call('ZRANGE', KEYS[1], 0, -1)`);

interface Row {
  readonly sessionId: string;
  readonly userId: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface RowsOfSessions {
  /** What has to be there before the row is, and the arguments of PUT. */
  prepare(row: Row, name: string, score: number): Promise<readonly (string | number)[]>;
  dropForSession(sessionId: string): Promise<void>;
  dropForUser(userId: string): Promise<void>;
}

export function rowsOfSessions(run: RunScript, part: SessionPart): RowsOfSessions {
  return {
    async prepare(row, name, score) {
      const { sessionId, userId, createdAt, expiresAt } = row;
      const ttl = keepFor(createdAt, expiresAt);
      const args = [name, score, expiresAt, userId, JSON.stringify(row), ttl];
      await run(NOTE_SESSION, [sessionsWith(part, userId)], [sessionId, expiresAt, createdAt, ttl]);
      return args;
    },
    async dropForSession(sessionId) {
      await run(DROP, [indexOf(part, sessionId)], ['']);
    },
    async dropForUser(userId) {
      const sessions = texts(await run(SESSIONS, [sessionsWith(part, userId)], []));
      await Promise.all(sessions.map((sessionId) => run(DROP, [indexOf(part, sessionId)], [userId])));
    },
  };
}

/** A time to live in milliseconds, for what may be over already. */
export function keepFor(now: number, endsAt: number): number {
  return Math.ceil(Math.max(0, endsAt - now) + MARGIN);
}
