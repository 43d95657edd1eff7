import type { TokenHash } from '../../internal/tokens.js';
import { isLive } from '../contract/session-state.js';
import type { SessionCursor, SessionRow, SessionStore } from '../contract/sessions.js';
import { BATCH, chunks } from './batches.js';
import { sessionCopy } from './copy.js';
import { SHARDS } from './keys.js';
import { createLookupKeys, type EndedTokens, endedOf, type Place, tracesIn } from './lookup-keys.js';
import { createNotBeforeTimes } from './not-before.js';
import { lists, type Redis, textOrNull, texts } from './scripts.js';
import { sessionChanges } from './session-changes.js';
import { endOf, tokensOf, toRow, toText } from './session-row.js';
import * as scripts from './session-scripts.js';
import { createTokenCache } from './token-cache.js';
import { NOT_BEFORE_FOR, SESSION_MARGIN, ttlOf } from './ttl.js';

export function redisSessions(redis: Redis): SessionStore {
  const { run, claim } = redis;
  const { sessionsOf } = redis.keys;
  const lookupKeys = createLookupKeys(redis);
  const tokenCache = createTokenCache();
  const notBeforeTimes = createNotBeforeTimes(redis);

  async function read(userId: string, id: string): Promise<SessionRow | null> {
    const stored = textOrNull(await run(scripts.READ, sessionsOf(userId), id));
    return stored === null ? null : toRow(stored);
  }

  async function findAt(place: Place | null, token: TokenHash): Promise<SessionRow | null> {
    const row = place === null ? null : await read(place.userId, place.id);
    if (place === null || row === null || !tokensOf(row).includes(token)) return null;
    tokenCache.put(token, place);
    return row;
  }

  async function get(id: string): Promise<SessionRow | null> {
    const owner = await lookupKeys.ofId(id);
    return owner === null ? null : read(owner.userId, id);
  }

  async function end(userId: string, id: string, token: TokenHash | null): Promise<readonly EndedTokens[]> {
    return tracesIn(texts(await run(scripts.REVOKE, sessionsOf(userId), id, token ?? '')));
  }

  /** Whether the session went; if it is live or gone already, its place in the list of ends is put right. */
  async function endIfOver(id: string, now: number): Promise<boolean> {
    const owner = await lookupKeys.ofId(id);
    const answer = owner === null ? [] : texts(await run(scripts.END_IF_OVER, sessionsOf(owner.userId), now, id));
    if (answer.length === 1) {
      await lookupKeys.moveEnd(id, Number(answer[0]));
      return false;
    }
    await lookupKeys.dropSessions(answer.length === 0 ? [{ id, tokens: [] }] : tracesIn(answer));
    return answer.length > 0;
  }

  /** Of those that begin alike. Looks at `limit` ids at most, so that many whose end has slid take no long time. */
  async function endThoseOver(shard: string, now: number, limit: number): Promise<number> {
    let count = 0;
    for (let left = limit; left > 0; left -= BATCH) {
      const asked = Math.min(left, BATCH);
      const ids = await lookupKeys.idsUntil(shard, now, asked);
      const went = await Promise.all(ids.map((id) => endIfOver(id, now)));
      count += went.filter((each) => each).length;
      if (ids.length < asked) break;
    }
    return count;
  }

  async function addLookupKeys(row: SessionRow, ttl: number): Promise<void> {
    const { id, userId, expiresAt } = row;
    await Promise.all([
      lookupKeys.addSession(id, { userId, expiresAt }, endOf(row), ttl),
      ...tokensOf(row).map((token) => lookupKeys.addToken(token, { userId, id }, ttl)),
    ]);
  }

  const list: SessionStore['list'] = async ({ limit, after, now }) => {
    const rows: SessionRow[] = [];
    const first = after === null ? '' : after.charAt(0);
    for (const shard of SHARDS.filter((each) => each >= first)) {
      let from = shard === first ? after : null;
      while (rows.length < limit) {
        const asked = Math.min(limit - rows.length, BATCH);
        const ids = await lookupKeys.idsAfter(shard, from, asked);
        const found = await Promise.all(ids.map(get));
        rows.push(...found.flatMap((row) => (row !== null && isLive(row, now) ? [row] : [])));
        if (ids.length < asked) break;
        from = ids.at(-1) ?? null;
      }
    }
    return rows;
  };

  return {
    claim,
    async insert({ row, replaces, cap, now }) {
      const { id, userId } = row;
      const stored = toText(row);
      const tokens = tokensOf(row);
      const ttl = ttlOf(row.expiresAt, now, SESSION_MARGIN);
      const [carried] = await Promise.all([
        replaces === null ? null : lookupKeys.ofToken(replaces),
        addLookupKeys(row, ttl),
      ]);
      const own = carried?.userId === userId ? [replaces ?? '', carried.id] : ['', ''];
      const answer = lists(await run(scripts.INSERT, sessionsOf(userId), stored, now, cap ?? '', ...own, ttl));
      const [[lowered] = [], ...ended] = answer;
      if (lowered !== undefined) await notBeforeTimes.note(userId, Number(lowered));
      if (ended.length === 0) {
        await lookupKeys.sweep([{ id, tokens }]);
        return { outcome: 'refused' };
      }
      const [replacedOwn = [], evicted = []] = ended.map(tracesIn);
      // Another user's session lies under another key, so it ends in a step of its own: after the one that may refuse.
      const isForeign = carried !== null && carried.userId !== userId;
      const foreign = isForeign ? await end(carried.userId, carried.id, replaces) : [];
      await lookupKeys.sweep([...replacedOwn, ...evicted, ...foreign]);
      const [replaced = null] = endedOf(carried?.userId ?? userId, [...replacedOwn, ...foreign]);
      return { outcome: 'inserted', replaced, evicted: endedOf(userId, evicted) };
    },
    async find(tokenHash) {
      const known = tokenCache.get(tokenHash);
      return (known && (await findAt(known, tokenHash))) ?? findAt(await lookupKeys.ofToken(tokenHash), tokenHash);
    },
    get,
    async listForUser({ userId, limit, after, now }) {
      const last = after && { ...after };
      const isAsked = (row: SessionRow): boolean => isLive(row, now) && (last === null || lastSeenFirst(last, row) < 0);
      let first: readonly SessionRow[] = [];
      for (const ids of chunks(texts(await run(scripts.IDS, sessionsOf(userId))))) {
        const rows = texts(await run(scripts.READ_SOME, sessionsOf(userId), ...ids)).map(toRow);
        first = [...first, ...rows.filter(isAsked)].sort(lastSeenFirst).slice(0, limit);
      }
      return first;
    },
    list,
    async revoke(id, userId) {
      const owner = await lookupKeys.ofId(id);
      if (owner === null || (userId !== null && owner.userId !== userId)) return null;
      const ended = await end(owner.userId, id, null);
      await lookupKeys.sweep(ended);
      return endedOf(owner.userId, ended)[0] ?? null;
    },
    async revokeAllForUser(userId, except, notBefore) {
      const args = [except ?? '', notBefore, NOT_BEFORE_FOR];
      const ended = tracesIn(texts(await run(scripts.REVOKE_ALL, sessionsOf(userId), ...args)));
      await Promise.all([lookupKeys.sweep(ended), notBeforeTimes.note(userId, notBefore)]);
      return endedOf(userId, ended);
    },
    async touch(touches, now) {
      const argsOf = new Map<string, (string | number)[]>();
      const copies = touches.map((touch) => ({ ...touch }));
      const owners = await Promise.all(copies.map(({ id }) => lookupKeys.ofId(id)));
      for (const [index, touch] of copies.entries()) {
        const owner = owners[index] ?? null;
        if (owner === null) continue;
        const args = argsOf.get(owner.userId) ?? [];
        args.push(touch.id, touch.seenAt, touch.idleExpiresAt, touch.confirms ?? '');
        argsOf.set(owner.userId, args);
      }
      await Promise.all([...argsOf].map(([userId, args]) => run(scripts.TOUCH, sessionsOf(userId), now, ...args)));
    },
    ...sessionChanges({ redis, lookupKeys, notBeforeTimes }),
    async deleteExpired(now, notBefore, limit) {
      await notBeforeTimes.deleteBefore(notBefore);
      let count = 0;
      for (const shard of SHARDS) {
        if (count < limit) count += await endThoseOver(shard, now, limit - count);
      }
      return count;
    },
    copy: sessionCopy({ redis, list, addLookupKeys, notBeforeTimes }),
  };
}

function lastSeenFirst(a: SessionCursor, b: SessionCursor): number {
  return b.lastSeenAt - a.lastSeenAt || b.createdAt - a.createdAt || (a.id < b.id ? -1 : Number(a.id > b.id));
}
