import type { TokenHash } from '../../internal/tokens.js';
import type { EndedSession, SessionRow } from '../contract/sessions.js';
import { chunks, inBatches } from './batches.js';
import { idOf, type Keys, nameOf, type Slot, slotOfName, slotOfToken } from './keys.js';
import type { Place } from './place-cache.js';
import { type Redis, type Script, script, textOrNull, texts } from './scripts.js';
import { endOf, NULL, tokensOf, toTime } from './session-row.js';

/*
 * A token leads to `end user id`, an id to `end user`: a hash can't end by its fields, so what ends says so itself, in
 * base 36. The end of an id is one of its session's; where it has slid since, `deleteExpired` corrects it.
 */

/** ARGV: field, value, time to live. */
const PUT: Script = script(`
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1`);

/** As PUT. An owner that is there stays. */
const CLAIM: Script = script(`
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and string.match(known, ' .*') ~= string.match(ARGV[2], ' .*') then
  return redis.error_reply('This id is taken.')
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1`);

/** ARGV: now, limit. Gives the fields and values of those that have expired. */
const OVER: Script = script(`
local over, all = {}, redis.call('HGETALL', KEYS[1])
for index = 1, #all, 2 do
  if #over < 2 * tonumber(ARGV[2]) and tonumber(string.match(all[index + 1], '^%S+'), 36) <= tonumber(ARGV[1]) then
    over[#over + 1] = all[index]
    over[#over + 1] = all[index + 1]
  end
end
return over`);

/** ARGV: how the names of their keys begin, and buckets. Gives those that have anything in them. */
const FILLED: Script = script(`
local filled = {}
for index = 2, #ARGV do
  if redis.call('EXISTS', ARGV[1] .. ARGV[index]) == 1 then filled[#filled + 1] = ARGV[index] end
end
return filled`);

/** In one list, whatever the protocol makes of a hash. */
const ALL: Script = script(`return redis.call('HGETALL', KEYS[1])`);

/** A session's id and its tokens, so far as they are known. */
export interface EndedTokens {
  readonly id: string;
  readonly tokens: readonly TokenHash[];
}

/** What the lookups of a session say, and its tokens. */
export interface Leads {
  readonly owner: string;
  readonly place: string;
  readonly tokens: readonly TokenHash[];
}

/**
 * Where sessions are, by token and by id. One that leads nowhere is no fault: it is left by a step that failed half-way,
 * and goes with its time.
 */
export interface LookupKeys {
  ofToken(token: TokenHash): Promise<Place | null>;
  ofId(id: string): Promise<Place | null>;
  /** Before tokens become ones of the session. */
  addTokens(tokens: readonly TokenHash[], leads: Leads, ttl: number): Promise<void>;
  /** Before a session is inserted. Rejects when the id is another user's. */
  addSession(id: string, leads: Leads, ttl: number): Promise<void>;
  dropSessions(gone: readonly EndedTokens[]): Promise<void>;
  /** After a step that ended sessions or replaced tokens: that it can't be done doesn't undo the step. */
  sweep(gone: readonly EndedTokens[], tokens?: readonly TokenHash[]): Promise<void>;
  /** Those of these buckets that may have any of these, in their order; in a cluster, where each is on its own, all. */
  filled(keyOf: Keys['idsIn'] | Keys['tokensIn'], buckets: readonly string[]): Promise<readonly string[]>;
  /** The sessions whose ids lie there, by name. */
  inBucket(bucket: string): Promise<readonly Place[]>;
  /** At most `limit` of those that seemed to end by then. */
  overIn(bucket: string, now: number, limit: number): Promise<readonly Place[]>;
  /** Those of tokens there which no session can have any more. */
  dropTokensOver(bucket: string, now: number): Promise<void>;
  moveEnd(place: Place, endsAt: number): Promise<void>;
}

export function createLookupKeys({
  client,
  command,
  run,
  keys,
}: Pick<Redis, 'client' | 'command' | 'run' | 'keys'>): LookupKeys {
  const tokenKey = (token: TokenHash): readonly [string, string] => keyAndField(keys.tokensIn, slotOfToken(token));
  const idKey = (id: string): readonly [string, string] => keyAndField(keys.idsIn, slotOfName(nameOf(id)));

  async function get([key, field]: readonly [string, string]): Promise<readonly string[]> {
    return (textOrNull(await command('HGET', key, field)) ?? '').split(' ');
  }

  /** Those of a hash together. */
  async function drop(lookups: readonly (readonly [key: string, field: string])[]): Promise<void> {
    const fieldsOf = new Map<string, string[]>();
    for (const [key, field] of lookups) {
      const fields = fieldsOf.get(key);
      if (fields) fields.push(field);
      else fieldsOf.set(key, [field]);
    }
    const some = [...fieldsOf].flatMap(([key, all]) => [...chunks(all)].map((fields) => ({ key, fields })));
    await inBatches(some, ({ key, fields }) => command('HDEL', key, ...fields));
  }

  async function dropSessions(gone: readonly EndedTokens[]): Promise<void> {
    await drop(gone.flatMap(({ id, tokens }) => [idKey(id), ...tokens.map(tokenKey)]));
  }

  async function addTokens(tokens: readonly TokenHash[], { place }: Leads, ttl: number): Promise<void> {
    const lookups = tokens.map(tokenKey);
    await Promise.all(lookups.map(([key, field]) => run(PUT, key, field, place, ttl)));
  }

  return {
    dropSessions,
    async sweep(gone, tokens = []) {
      await Promise.all([dropSessions(gone), drop(tokens.map(tokenKey))]).catch(() => {});
    },
    async ofToken(token) {
      const [, user, name] = await get(tokenKey(token));
      return user === undefined || name === undefined ? null : { userId: idOf(user), id: idOf(name) };
    },
    async ofId(id) {
      const [, user] = await get(idKey(id));
      return user === undefined ? null : { userId: idOf(user), id };
    },
    addTokens,
    async addSession(id, leads, ttl) {
      const [key, field] = idKey(id);
      await Promise.all([run(CLAIM, key, field, leads.owner, ttl), addTokens(leads.tokens, leads, ttl)]);
    },
    async filled(keyOf, buckets) {
      const start = keyOf('');
      return client.isCluster ? buckets : texts(await run(FILLED, start, start, ...buckets));
    },
    async inBucket(bucket) {
      return placesIn(bucket, texts(await run(ALL, keys.idsIn(bucket)))).sort(byName);
    },
    async overIn(bucket, now, limit) {
      return placesIn(bucket, texts(await run(OVER, keys.idsIn(bucket), now, limit)));
    },
    async dropTokensOver(bucket, now) {
      const key = keys.tokensIn(bucket);
      const over = texts(await run(OVER, key, now, MOST));
      await drop(over.flatMap((field, index) => (index % 2 === 0 ? [[key, field]] : [])));
    },
    async moveEnd({ userId, id }, endsAt) {
      const [key, field] = idKey(id);
      await command('HSET', key, field, ownerOf(userId, endsAt));
    },
  };
}

/** At once, of those that have expired. */
const MOST = 10_000;

function keyAndField(keyOf: (bucket: string) => string, { bucket, field }: Slot): readonly [string, string] {
  return [keyOf(bucket), field];
}

function placesIn(bucket: string, flat: readonly string[]): Place[] {
  return flat.flatMap((field, index) => {
    const [, user] = (flat[index + 1] ?? '').split(' ');
    return index % 2 === 1 || user === undefined ? [] : [{ userId: idOf(user), id: idOf(`${bucket}${field}`) }];
  });
}

function byName(a: Place, b: Place): number {
  return nameOf(a.id) < nameOf(b.id) ? -1 : 1;
}

function ownerOf(userId: string, endsAt: number): string {
  return `${toTime(endsAt)} ${nameOf(userId)}`;
}

export function leadsOf(row: SessionRow): Leads {
  const { id, userId, expiresAt } = row;
  return {
    owner: ownerOf(userId, endOf(row)),
    place: `${toTime(expiresAt)} ${nameOf(userId)} ${nameOf(id)}`,
    tokens: tokensOf(row),
  };
}

/** What a script says of ended sessions: id, token and previous token of each. */
export function tracesIn(flat: readonly string[]): readonly EndedTokens[] {
  const traces: EndedTokens[] = [];
  for (let index = 0; index < flat.length; index += 3) {
    const [name = '', ...tokens] = flat.slice(index, index + 3);
    traces.push({ id: idOf(name), tokens: tokens.filter((token) => token !== NULL) as TokenHash[] }); // they come from a row
  }
  return traces;
}

export function endedOf(userId: string, traces: readonly EndedTokens[]): readonly EndedSession[] {
  return traces.map(({ id }) => ({ id, userId }));
}
