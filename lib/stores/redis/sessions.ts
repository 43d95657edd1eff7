import type { TokenHash } from '../../internal/tokens.js';
import { isLive } from '../contract/session-state.js';
import type { EndedSession, SessionCursor, SessionRow, SessionStore } from '../contract/sessions.js';
import { chunks } from './batches.js';
import { sessionCopy } from './copy.js';
import { idOf, NOT_BEFORE, nameOf } from './keys.js';
import { createLookupKeys, type EndedTokens, endedOf, type LookupKeys, leadsOf, tracesIn } from './lookup-keys.js';
import { createNotBeforeTimes, type NotBeforeTimes } from './not-before.js';
import type { Place } from './place-cache.js';
import { lists, type Redis, texts } from './scripts.js';
import { sessionChanges } from './session-changes.js';
import { sessionCleanup } from './session-cleanup.js';
import { type SessionFinder, sessionFinder } from './session-finder.js';
import { sessionList } from './session-list.js';
import { toRow, toText, toTime } from './session-row.js';
import { MANY, type SessionScripts, sessionScripts } from './session-scripts.js';
import { NOT_BEFORE_FOR, SESSION_MARGIN, ttlOf } from './ttl.js';

/** What the operations on sessions share. */
export interface SessionParts {
  readonly redis: Redis;
  readonly scripts: SessionScripts;
  readonly lookupKeys: LookupKeys;
  readonly finder: SessionFinder;
  readonly notBeforeTimes: NotBeforeTimes;
  /** Gives what a script says of ended sessions, and sees to it that their lookups are gone. */
  readonly sweep: (ended: readonly string[]) => Promise<readonly EndedTokens[]>;
  /** In batches: however many there are, no event loop waits for them. */
  readonly rowsOfUser: (userId: string) => AsyncIterable<readonly SessionRow[]>;
}

export function redisSessions(redis: Redis): SessionStore {
  const { client, command, run, claim, keys } = redis;
  const { sessionsOf } = keys;
  const scripts = sessionScripts(keys, client);
  const lookupKeys = createLookupKeys(redis);
  const finder = sessionFinder(redis, lookupKeys);
  const notBeforeTimes = createNotBeforeTimes(redis);
  const parts: SessionParts = { redis, scripts, lookupKeys, finder, notBeforeTimes, sweep, rowsOfUser };

  async function sweep(ended: readonly string[]): Promise<readonly EndedTokens[]> {
    const traces = tracesIn(ended);
    if (client.isCluster || traces.length > MANY) await lookupKeys.sweep(traces);
    return traces;
  }

  async function* rowsOfUser(userId: string): AsyncGenerator<readonly SessionRow[], void> {
    const key = sessionsOf(userId);
    const names = texts(await command('HKEYS', key)).filter((name) => name !== NOT_BEFORE);
    for (const some of chunks(names)) {
      const found = await command('HMGET', key, ...some);
      if (!Array.isArray(found)) throw new TypeError('The answer of HMGET must be a list.');
      yield some.flatMap((name, index) => {
        const text: unknown = found[index];
        return typeof text === 'string' ? [toRow(text, { userId, id: idOf(name) })] : [];
      });
    }
  }

  async function end({ userId, id }: Place, token: TokenHash | null): Promise<readonly EndedTokens[]> {
    return sweep(texts(await run(scripts.REVOKE, sessionsOf(userId), nameOf(id), token ?? '')));
  }

  async function endAt(place: Place): Promise<EndedSession | null> {
    const ended = await end(place, null);
    return endedOf(place.userId, ended)[0] ?? null;
  }

  const list = sessionList(parts);

  return {
    claim,
    async insert({ row, replaces, cap, now }) {
      const { id, userId } = row;
      const [text, leads, ttl] = [toText(row), leadsOf(row), ttlOf(row.expiresAt, now, SESSION_MARGIN)];
      const { authenticatedAt } = row;
      const [carried] = await Promise.all([
        replaces === null ? null : finder.placeOfToken(replaces),
        client.isCluster && lookupKeys.addSession(id, leads, ttl),
      ]);
      const own = carried?.userId === userId ? [replaces ?? '', nameOf(carried.id)] : ['', ''];
      const args = [nameOf(id), text, authenticatedAt, now, cap ?? '', ...own, ttl, leads.owner, leads.place];
      const answer = lists(await run(scripts.INSERT, sessionsOf(userId), ...args, ...leads.tokens));
      const [[lowered] = [], ...ended] = answer;
      if (lowered !== undefined) await notBeforeTimes.note(userId, Number(lowered));
      if (ended.length === 0) {
        if (client.isCluster) await lookupKeys.sweep([{ id, tokens: leads.tokens }]);
        return { outcome: 'refused' };
      }
      finder.remember([id, ...leads.tokens], { userId, id });
      const [replacedOwn = [], evicted = []] = await Promise.all(ended.map(sweep));
      // Another user's session lies under another key, so it ends in a step of its own: after the one that may refuse.
      const isForeign = carried !== null && carried.userId !== userId;
      const foreign = isForeign ? await end(carried, replaces) : [];
      const [replaced = null] = endedOf(carried?.userId ?? userId, [...replacedOwn, ...foreign]);
      return { outcome: 'inserted', replaced, evicted: endedOf(userId, evicted) };
    },
    find: finder.byToken,
    get: finder.byId,
    async listForUser({ userId, limit, after, now }) {
      const last = after && { ...after };
      const isAsked = (row: SessionRow): boolean => isLive(row, now) && (last === null || lastSeenFirst(last, row) < 0);
      let first: readonly SessionRow[] = [];
      for await (const rows of rowsOfUser(userId)) {
        first = [...first, ...rows.filter(isAsked)].sort(lastSeenFirst).slice(0, limit);
      }
      return first;
    },
    list,
    revoke: (id, userId) => (userId === null ? finder.inPlaceOf(id, endAt) : endAt({ userId, id })),
    async revokeAllForUser(userId, except, notBefore) {
      const args = [except === null ? '' : nameOf(except), notBefore, NOT_BEFORE_FOR];
      const ended = texts(await run(scripts.REVOKE_ALL, sessionsOf(userId), ...args));
      const [traces] = await Promise.all([sweep(ended), notBeforeTimes.note(userId, notBefore)]);
      return endedOf(userId, traces);
    },
    async touch(touches, now) {
      const argsOf = new Map<string, (string | number)[]>();
      const copies = touches.map((touch) => ({ ...touch }));
      const places = await Promise.all(copies.map(({ id }) => finder.placeOfId(id)));
      for (const [index, { id, seenAt, idleExpiresAt, confirms }] of copies.entries()) {
        const place = places[index] ?? null;
        if (place === null) continue;
        const args = argsOf.get(place.userId) ?? [];
        args.push(nameOf(id), toTime(seenAt), toTime(idleExpiresAt), confirms ?? '');
        argsOf.set(place.userId, args);
      }
      await Promise.all([...argsOf].map(([userId, args]) => run(scripts.TOUCH, sessionsOf(userId), now, ...args)));
    },
    ...sessionChanges(parts),
    deleteExpired: sessionCleanup(parts),
    copy: sessionCopy(parts, list),
  };
}

function lastSeenFirst(a: SessionCursor, b: SessionCursor): number {
  return b.lastSeenAt - a.lastSeenAt || b.createdAt - a.createdAt || (a.id < b.id ? -1 : Number(a.id > b.id));
}
