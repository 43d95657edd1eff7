import { inBatches } from './batches.js';
import type { SessionPart } from './keys.js';
import { type Redis, type Script, script, texts } from './scripts.js';
import { MARGIN, ttlOf } from './ttl.js';

/*
 * Challenges and grants: a session's rows of a part are one hash, of JSON by their names. Which sessions of a user have
 * rows stands in a list of the user's, written before.
 */

/** KEYS: rows of the session. ARGV: name, row, time to live. */
export const PUT = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
`;

/** A row that was made further ahead of now than it lives isn't live: a clock that was wrong has made it. */
export const LIVE = `
local function live(row, now)
  return row.expiresAt > now and row.createdAt - now <= row.expiresAt - row.createdAt
end
`;

/** KEYS: rows of the session. ARGV: the user whose rows go, and the method that they were made with or ''. */
const DROP_FOR_USER: Script = script(`
local rows = redis.call('HGETALL', KEYS[1])
for index = 1, #rows, 2 do
  local row = cjson.decode(rows[index + 1])
  if row.userId == ARGV[1] and (ARGV[2] == '' or row.method == ARGV[2]) then redis.call('HDEL', KEYS[1], rows[index]) end
end
return 1`);

/** KEYS: sessions of the user that have rows. ARGV: session, expiresAt, createdAt, time to live. */
const NOTE_SESSION: Script = script(`
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3] - ${MARGIN})
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`);

interface Row {
  readonly sessionId: string;
  readonly userId: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface SessionScopedRows {
  /** Before the session gets the row. */
  noteSession(row: Row): Promise<void>;
  dropForSession(sessionId: string): Promise<void>;
  dropForUser(userId: string, method: string | null): Promise<void>;
}

export function sessionScopedRows({ command, run, keys }: Redis, part: SessionPart): SessionScopedRows {
  return {
    async noteSession({ sessionId, userId, createdAt, expiresAt }) {
      const args = [sessionId, expiresAt, createdAt, ttlOf(expiresAt, createdAt)];
      await run(NOTE_SESSION, keys.sessionsWith(part, userId), ...args);
    },
    async dropForSession(sessionId) {
      await command('DEL', keys.rowsOf(part, sessionId));
    },
    async dropForUser(userId, method) {
      const sessions = texts(await command('ZRANGE', keys.sessionsWith(part, userId), '0', '-1'));
      await inBatches(sessions, (sessionId) => run(DROP_FOR_USER, keys.rowsOf(part, sessionId), userId, method ?? ''));
    },
  };
}
