import type { TokenHash } from '../../internal/tokens.js';
import type { SessionRow } from '../contract/sessions.js';
import { idOf, nameOf, slotOfName, slotOfToken } from './keys.js';
import type { LookupKeys } from './lookup-keys.js';
import { createPlaceCache, type Place } from './place-cache.js';
import { type Redis, type Script, script, textOrNull } from './scripts.js';
import { tokensOf, toRow } from './session-row.js';

/** Finds a session's place and row by a token or by its id: in one round trip, but in a cluster, where no step has two keys. */
export interface SessionFinder {
  byToken(token: TokenHash): Promise<SessionRow | null>;
  byId(id: string): Promise<SessionRow | null>;
  placeOfToken(token: TokenHash): Promise<Place | null>;
  /** The place that is remembered, or else asked for. */
  placeOfId(id: string): Promise<Place | null>;
  /** That these tokens and that id lead there: so they are found in one round trip in a cluster, too. */
  remember(names: readonly string[], place: Place): void;
  /** The text of a row. */
  read(place: Place): Promise<string | null>;
  /** Does a step where the session is: again at another place, where it did nothing at one that was remembered. */
  inPlaceOf<T>(id: string, step: (place: Place) => Promise<T | null>): Promise<T | null>;
}

/**
 * KEYS: lookups that begin alike. ARGV: field, and the id where the lookup has none. Gives what it says, and the row if
 * there is one. The second key is computed: all are on this server.
 */
const findScript = (prefix: string): Script =>
  script(`
local place = redis.call('HGET', KEYS[1], ARGV[1])
if not place then return false end
local user, id = string.match(place, '^%S+ (%S+) ?(.*)$')
if id == '' then id = ARGV[2] end
return { user, id, redis.call('HGET', '${prefix}:{user:' .. user .. '}', id) }`);

interface Found {
  readonly place: Place;
  readonly row: SessionRow | null;
}

export function sessionFinder({ client, command, run, keys }: Redis, lookupKeys: LookupKeys): SessionFinder {
  const places = createPlaceCache();
  const FIND = findScript(keys.prefix);

  async function read({ userId, id }: Place): Promise<string | null> {
    return textOrNull(await command('HGET', keys.sessionsOf(userId), nameOf(id)));
  }

  async function rowAt(place: Place): Promise<SessionRow | null> {
    const text = await read(place);
    return text === null ? null : toRow(text, place);
  }

  async function inTwoTrips(place: Place | null): Promise<Found | null> {
    return place && { place, row: await rowAt(place) };
  }

  async function inOneTrip(key: string, field: string, name: string): Promise<Found | null> {
    const found = await run(FIND, key, field, name);
    if (found === null) return null;
    if (!Array.isArray(found)) throw new TypeError('The answer of a script must be a list.');
    const [user, id, text] = found.map(textOrNull);
    const place = { userId: idOf(user ?? ''), id: idOf(id ?? '') };
    return { place, row: typeof text === 'string' ? toRow(text, place) : null };
  }

  function lookUpToken(token: TokenHash): Promise<Found | null> {
    if (client.isCluster) return lookupKeys.ofToken(token).then(inTwoTrips);
    const { bucket, field } = slotOfToken(token);
    return inOneTrip(keys.tokensIn(bucket), field, '');
  }

  function lookUpId(id: string): Promise<Found | null> {
    if (client.isCluster) return lookupKeys.ofId(id).then(inTwoTrips);
    const name = nameOf(id);
    const { bucket, field } = slotOfName(name);
    return inOneTrip(keys.idsIn(bucket), field, name);
  }

  function remember(names: readonly string[], place: Place): void {
    for (const name of names) places.put(name, place);
  }

  async function placeOf(name: string, lookUp: () => Promise<Place | null>): Promise<Place | null> {
    const known = places.get(name);
    if (known) return known;
    const place = await lookUp();
    if (place) remember([name], place);
    return place;
  }

  return {
    remember,
    read,
    placeOfToken: (token) => placeOf(token, () => lookupKeys.ofToken(token)),
    placeOfId: (id) => placeOf(id, () => lookupKeys.ofId(id)),
    async byToken(token) {
      const isOf = (row: SessionRow | null): row is SessionRow => row !== null && tokensOf(row).includes(token);
      const known = places.get(token);
      const row = known && (await rowAt(known));
      const found = known && isOf(row) ? { place: known, row } : await lookUpToken(token);
      if (found === null || !isOf(found.row)) return null;
      remember([token, found.place.id], found.place);
      return found.row;
    },
    async byId(id) {
      const known = places.get(id);
      const row = known && (await rowAt(known));
      if (row) return row;
      const found = await lookUpId(id);
      if (found?.row) remember([id], found.place);
      return found?.row ?? null;
    },
    async inPlaceOf(id, step) {
      const known = places.get(id);
      const done = known && (await step(known));
      if (done !== null) return done;
      const place = await lookupKeys.ofId(id);
      if (place === null || place.userId === known?.userId) return null;
      remember([id], place);
      return step(place);
    },
  };
}
