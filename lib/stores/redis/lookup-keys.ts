import type { TokenHash } from '../../internal/tokens.js';
import type { EndedSession } from '../contract/sessions.js';
import { chunks, inBatches } from './batches.js';
import { nameOf } from './keys.js';
import { type Redis, type RunScript, type Script, script, textOrNull, texts } from './scripts.js';

const GET: Script = script(`return redis.call('GET', KEYS[1])`);
const SET: Script = script(`return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])`);
const DROP: Script = script(`return redis.call('DEL', KEYS[1])`);
const SCORE: Script = script(`return redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])`);
const REMOVE: Script = script(`return redis.call('ZREM', KEYS[1], unpack(ARGV))`);
const AFTER: Script = script(`return redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])`);
const UNTIL: Script = script(`return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])`);

/** KEYS: lookup key. ARGV: value, time to live. The first value stays. */
const CLAIM: Script = script(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('This id is taken.') end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`);

/** Rejects when the key says something else already. */
export async function claim(run: RunScript, key: string, value: string, ttl: number): Promise<void> {
  await run(CLAIM, key, value, ttl);
}

export interface Place {
  readonly userId: string;
  readonly id: string;
}

/** Whose a session is, and its absolute end, for which all its lookup keys are kept. */
export interface Owner {
  readonly userId: string;
  readonly expiresAt: number;
}

/** A session's id and its tokens, so far as they are known. */
export interface EndedTokens {
  readonly id: string;
  readonly tokens: readonly TokenHash[];
}

/**
 * Where sessions are, by token and by id; and the ids of all, by name and by end. A lookup key that leads nowhere is no fault:
 * it is left by a step that failed half-way, and goes with its time.
 */
export interface LookupKeys {
  ofToken(token: TokenHash): Promise<Place | null>;
  ofId(id: string): Promise<Owner | null>;
  /** Before a token becomes one of the session. */
  addToken(token: TokenHash, place: Place, ttl: number): Promise<void>;
  /** Before a session is inserted, with its first end. Rejects when the id is another session's. */
  addSession(id: string, owner: Owner, endsAt: number, ttl: number): Promise<void>;
  dropSessions(gone: readonly EndedTokens[]): Promise<void>;
  /** After a step that ended sessions or replaced tokens: that it can't be done doesn't undo the step. */
  sweep(gone: readonly EndedTokens[], tokens?: readonly TokenHash[]): Promise<void>;
  /** At most `limit` ids after this one, in byte order, of those that begin alike. */
  idsAfter(shard: string, after: string | null, limit: number): Promise<readonly string[]>;
  /** At most `limit` ids whose session seemed to end by then. */
  idsUntil(shard: string, now: number, limit: number): Promise<readonly string[]>;
  moveEnd(id: string, endsAt: number): Promise<void>;
}

export function createLookupKeys({ run, keys }: Pick<Redis, 'run' | 'keys'>): LookupKeys {
  const { endsIn, idLookup, idsIn, tokenLookup } = keys;
  const shardOf = (id: string): string => id.charAt(0);

  async function dropTokens(tokens: readonly TokenHash[]): Promise<void> {
    await inBatches(tokens, (token) => run(DROP, tokenLookup(token)));
  }

  async function dropSessions(gone: readonly EndedTokens[]): Promise<void> {
    const lists = new Map<string, string[]>();
    for (const { id } of gone) {
      const list = lists.get(shardOf(id));
      if (list) list.push(id);
      else lists.set(shardOf(id), [id]);
    }
    const parts = [...lists].flatMap(([shard, all]) => [...chunks(all)].map((ids) => ({ shard, ids })));
    await Promise.all([
      dropTokens(gone.flatMap(({ tokens }) => tokens)),
      inBatches(gone, ({ id }) => run(DROP, idLookup(id))),
      inBatches(parts, ({ shard, ids }) => run(REMOVE, idsIn(shard), ...ids)),
      inBatches(parts, ({ shard, ids }) => run(REMOVE, endsIn(shard), ...ids)),
    ]);
  }

  async function moveEnd(id: string, endsAt: number): Promise<void> {
    await run(SCORE, endsIn(shardOf(id)), endsAt, id);
  }

  return {
    moveEnd,
    dropSessions,
    async sweep(gone, tokens = []) {
      await Promise.all([dropSessions(gone), dropTokens(tokens)]).catch(() => {});
    },
    async ofToken(token) {
      const lookedUp = textOrNull(await run(GET, tokenLookup(token)));
      const [userId, id] = (lookedUp ?? '').split(' ').map(decodeURIComponent);
      return userId === undefined || id === undefined ? null : { userId, id };
    },
    async ofId(id) {
      const lookedUp = textOrNull(await run(GET, idLookup(id)));
      const [userId, expiresAt] = (lookedUp ?? '').split(' ');
      return userId === undefined || expiresAt === undefined
        ? null
        : { userId: decodeURIComponent(userId), expiresAt: Number(expiresAt) };
    },
    async addToken(token, { userId, id }, ttl) {
      await run(SET, tokenLookup(token), `${nameOf(userId)} ${nameOf(id)}`, ttl);
    },
    async addSession(id, { userId, expiresAt }, endsAt, ttl) {
      await Promise.all([
        claim(run, idLookup(id), `${nameOf(userId)} ${expiresAt}`, ttl),
        run(SCORE, idsIn(shardOf(id)), 0, id),
        moveEnd(id, endsAt),
      ]);
    },
    async idsAfter(shard, after, limit) {
      return texts(await run(AFTER, idsIn(shard), after === null ? '-' : `(${after}`, limit));
    },
    async idsUntil(shard, now, limit) {
      return texts(await run(UNTIL, endsIn(shard), now, limit));
    },
  };
}

/** What a script says of ended sessions: id, token and previous token or '' of each. */
export function tracesIn(flat: readonly string[]): readonly EndedTokens[] {
  const traces: EndedTokens[] = [];
  for (let index = 0; index < flat.length; index += 3) {
    const [id = '', ...tokens] = flat.slice(index, index + 3);
    traces.push({ id, tokens: tokens.filter((token) => token !== '') as TokenHash[] }); // they come from a row
  }
  return traces;
}

export function endedOf(userId: string, traces: readonly EndedTokens[]): readonly EndedSession[] {
  return traces.map(({ id }) => ({ id, userId }));
}
