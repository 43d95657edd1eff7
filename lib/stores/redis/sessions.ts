import type { TokenHash } from '../../internal/token-hash.js';
import type { EndedSession, SessionRow, SessionStore } from '../contract/sessions.js';
import { sessionCopy } from './copy.js';
import { createHints, type Place, type Traces } from './hints.js';
import { keepFor, NOT_BEFORE_FOR, SESSION_MARGIN } from './keep-for.js';
import { NOT_BEFORE, SHARDS, sessionsOf } from './keys.js';
import { createNotBeforeTimes } from './not-before.js';
import { createPlaces } from './places.js';
import { listsOrNull, type RunScript, textOrNull, texts } from './scripts.js';
import { toRow, toText } from './session-row.js';
import * as scripts from './session-scripts.js';

/** How many sessions are looked at together. */
const PAGE = 200;

export function redisSessions(run: RunScript): SessionStore {
  const hints = createHints(run);
  const places = createPlaces();
  const notBeforeTimes = createNotBeforeTimes(run);

  async function read(userId: string, id: string): Promise<SessionRow | null> {
    const stored = textOrNull(await run(scripts.READ, sessionsOf(userId), id));
    return stored === null ? null : toRow(stored);
  }

  async function findAt(place: Place | null, token: TokenHash): Promise<SessionRow | null> {
    const row = place === null ? null : await read(place.userId, place.id);
    if (place === null || row === null || !tokensOf(row).includes(token)) return null;
    places.put(token, place);
    return row;
  }

  async function get(id: string): Promise<SessionRow | null> {
    const owner = await hints.ofId(id);
    return owner === null ? null : read(owner.userId, id);
  }

  async function end(userId: string, id: string, token: TokenHash | null): Promise<readonly Traces[]> {
    return tracesIn(texts(await run(scripts.REVOKE, sessionsOf(userId), id, token ?? '')));
  }

  /** Sweeps up after a step that is made: that it can't be done doesn't undo the step. */
  async function sweep(gone: readonly Traces[], tokens: readonly string[] = []): Promise<void> {
    await Promise.all([hints.dropSessions(gone), hints.dropTokens(tokensIn(tokens))]).catch(() => {});
  }

  /** Whether the session went; if it is live or gone already, its place in the list of ends is put right. */
  async function endIfOver(id: string, now: number): Promise<boolean> {
    const owner = await hints.ofId(id);
    const answer = owner === null ? [] : texts(await run(scripts.END_IF_OVER, sessionsOf(owner.userId), now, id));
    if (answer.length === 1) {
      await hints.moveEnd(id, Number(answer[0]));
      return false;
    }
    await hints.dropSessions(answer.length === 0 ? [{ id, tokens: [] }] : tracesIn(answer));
    return answer.length > 0;
  }

  /** Of those that begin alike. Looks at `limit` ids at most, so that many whose end has slid take no long time. */
  async function endThoseOver(shard: string, now: number, limit: number): Promise<number> {
    let count = 0;
    for (let left = limit; left > 0; left -= PAGE) {
      const asked = Math.min(left, PAGE);
      const ids = await hints.idsUntil(shard, now, asked);
      const went = await Promise.all(ids.map((id) => endIfOver(id, now)));
      count += went.filter((each) => each).length;
      if (ids.length < asked) break;
    }
    return count;
  }

  async function addHints(row: SessionRow, ttl: number): Promise<void> {
    const { id, userId, idleExpiresAt, expiresAt } = row;
    await Promise.all([
      hints.addSession(id, { userId, expiresAt }, Math.min(idleExpiresAt, expiresAt), ttl),
      ...tokensOf(row).map((token) => hints.addToken(token, { userId, id }, ttl)),
    ]);
  }

  const list: SessionStore['list'] = async ({ limit, after, now }) => {
    const rows: SessionRow[] = [];
    const first = after === null ? '' : after.charAt(0);
    for (const shard of SHARDS.filter((each) => each >= first)) {
      let from = shard === first ? after : null;
      while (rows.length < limit) {
        const asked = Math.min(limit - rows.length, PAGE);
        const ids = await hints.idsAfter(shard, from, asked);
        const found = await Promise.all(ids.map(get));
        rows.push(...found.flatMap((row) => (row !== null && isLive(row, now) ? [row] : [])));
        if (ids.length < asked) break;
        from = ids.at(-1) ?? null;
      }
    }
    return rows;
  };

  return {
    async insert({ row, replaces, cap, now }) {
      const { id, userId } = row;
      const stored = toText(row);
      const tokens = tokensOf(row);
      const ttl = keepFor(row.expiresAt, now, SESSION_MARGIN);
      const [carried] = await Promise.all([replaces === null ? null : hints.ofToken(replaces), addHints(row, ttl)]);
      const own = carried?.userId === userId ? [replaces ?? '', carried.id] : ['', ''];
      const lists = listsOrNull(await run(scripts.INSERT, sessionsOf(userId), stored, now, cap ?? '', ...own, ttl));
      if (lists === null) {
        await sweep([{ id, tokens }]);
        return { outcome: 'refused' };
      }
      const [replacedOwn = [], evicted = []] = lists.map(tracesIn);
      // Another user's session lies under another key, so it ends in a step of its own: after the one that may refuse.
      const isForeign = carried !== null && carried.userId !== userId;
      const foreign = isForeign ? await end(carried.userId, carried.id, replaces) : [];
      await sweep([...replacedOwn, ...evicted, ...foreign]);
      const [replaced = null] = endedOf(carried?.userId ?? userId, [...replacedOwn, ...foreign]);
      return { outcome: 'inserted', replaced, evicted: endedOf(userId, evicted) };
    },
    async find(tokenHash) {
      const known = places.get(tokenHash);
      return (known && (await findAt(known, tokenHash))) ?? findAt(await hints.ofToken(tokenHash), tokenHash);
    },
    get,
    async listForUser(userId, now) {
      const flat = texts(await run(scripts.READ_ALL, sessionsOf(userId)));
      const stored = flat.filter((_, index) => index % 2 === 1 && flat[index - 1] !== NOT_BEFORE);
      return stored
        .map(toRow)
        .filter((row) => isLive(row, now))
        .sort(lastSeenFirst);
    },
    list,
    async revoke(id, userId) {
      const owner = await hints.ofId(id);
      if (owner === null || (userId !== null && owner.userId !== userId)) return null;
      const ended = await end(owner.userId, id, null);
      await sweep(ended);
      return endedOf(owner.userId, ended)[0] ?? null;
    },
    async revokeAllForUser(userId, except, notBefore) {
      const args = [except ?? '', notBefore, NOT_BEFORE_FOR];
      const ended = tracesIn(texts(await run(scripts.REVOKE_ALL, sessionsOf(userId), ...args)));
      await Promise.all([sweep(ended), notBeforeTimes.note(userId, notBefore)]);
      return endedOf(userId, ended);
    },
    async touch(touches, now) {
      const argsOf = new Map<string, (string | number)[]>();
      const copies = touches.map((touch) => ({ ...touch }));
      const owners = await Promise.all(copies.map(({ id }) => hints.ofId(id)));
      for (const [index, touch] of copies.entries()) {
        const owner = owners[index] ?? null;
        if (owner === null) continue;
        const args = argsOf.get(owner.userId) ?? [];
        args.push(touch.id, touch.seenAt, touch.idleExpiresAt, touch.confirms ?? '');
        argsOf.set(owner.userId, args);
      }
      await Promise.all([...argsOf].map(([userId, args]) => run(scripts.TOUCH, sessionsOf(userId), now, ...args)));
    },
    async rotateRefresh({ id, presented, successor, nonce, tokenHash, idleExpiresAt, now }) {
      const owner = await hints.ofId(id);
      if (owner === null) return false;
      const { userId, expiresAt } = owner;
      await hints.addToken(tokenHash, { userId, id }, keepFor(expiresAt, now, SESSION_MARGIN));
      const args = [id, now, presented, successor, nonce, tokenHash, idleExpiresAt];
      const [outcome, dropped = ''] = texts(await run(scripts.ROTATE, sessionsOf(userId), ...args));
      await sweep([], [dropped]);
      return outcome === 'rotated';
    },
    async recordStepUp({ id, presented, nonce, tokenHash, method, verifiedAt, now }) {
      const args = [id, now, presented, nonce, tokenHash, method, verifiedAt ?? ''];
      const owner = await hints.ofId(id);
      if (owner === null) return { outcome: 'lost' };
      const { userId, expiresAt } = owner;
      await hints.addToken(tokenHash, { userId, id }, keepFor(expiresAt, now, SESSION_MARGIN));
      const answer = texts(await run(scripts.RECORD_STEP_UP, sessionsOf(userId), ...args));
      const [outcome, dropped = '', stored = ''] = answer;
      await sweep([], [dropped]);
      return outcome === 'lost' ? { outcome } : { outcome: 'recorded', row: toRow(stored) };
    },
    async dropProofs(id) {
      const owner = await hints.ofId(id);
      return owner !== null && (await run(scripts.DROP_PROOFS, sessionsOf(owner.userId), id)) === 1;
    },
    async replaceCredentials({ id, userId, presented, tokenHash, refreshHash, now }) {
      const owner = await hints.ofId(id);
      if (owner?.userId !== userId) return { outcome: 'lost' };
      await hints.addToken(tokenHash, { userId, id }, keepFor(owner.expiresAt, now, SESSION_MARGIN));
      const args = [id, now, presented, tokenHash, refreshHash ?? '', NOT_BEFORE_FOR];
      const answer = texts(await run(scripts.REPLACE, sessionsOf(userId), ...args));
      const [outcome, dropped = '', previous = '', ...flat] = answer;
      const ended = tracesIn(flat);
      await sweep(ended, [dropped, previous]);
      if (outcome === 'lost') return { outcome };
      await notBeforeTimes.note(userId, now);
      return { outcome: 'replaced', ended: endedOf(userId, ended) };
    },
    async deleteExpired(now, notBefore, limit) {
      await notBeforeTimes.deleteBefore(notBefore);
      let count = 0;
      for (const shard of SHARDS) {
        if (count < limit) count += await endThoseOver(shard, now, limit - count);
      }
      return count;
    },
    copy: sessionCopy({ run, list, addHints, notBeforeTimes }),
  };
}

/** What a script says of ended sessions: id, token and previous token or '' of each. */
function tracesIn(flat: readonly string[]): readonly Traces[] {
  const traces: Traces[] = [];
  for (let index = 0; index < flat.length; index += 3) {
    const [id = '', ...tokens] = flat.slice(index, index + 3);
    traces.push({ id, tokens: tokensIn(tokens) });
  }
  return traces;
}

/** What a script says of tokens, with '' for one that isn't there. */
function tokensIn(tokens: readonly string[]): readonly TokenHash[] {
  return tokens.filter((token) => token !== '') as TokenHash[]; // they come from a row
}

function endedOf(userId: string, traces: readonly Traces[]): readonly EndedSession[] {
  return traces.map(({ id }) => ({ id, userId }));
}

function tokensOf({ tokenHash, previousTokenHash }: SessionRow): readonly TokenHash[] {
  return previousTokenHash === null ? [tokenHash] : [tokenHash, previousTokenHash];
}

function isLive(row: SessionRow, now: number): boolean {
  return now < row.idleExpiresAt && now < row.expiresAt;
}

function lastSeenFirst(a: SessionRow, b: SessionRow): number {
  return b.lastSeenAt - a.lastSeenAt || b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);
}
