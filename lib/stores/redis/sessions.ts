import type { TokenHash } from '../../internal/token-hash.js';
import type { EndedSession, SessionRow, SessionStore, Touch } from '../contract/sessions.js';
import { allIds, createHints, type Traces } from './hints.js';
import { notBeforeOf, SHARDS, sessionPrefix, sessionsOf } from './keys.js';
import { createNotBeforeTimes } from './not-before.js';
import { type RunScript, texts } from './scripts.js';
import { toFields, toRow } from './session-row.js';
import * as scripts from './session-scripts.js';

/** How much longer than its use a key is kept: clocks differ, and a late look should still find why. */
const MARGIN = 3_600_000;
/** A sign-in that takes longer than a day is refused anyway. */
const NOT_BEFORE_FOR = 86_400_000 + MARGIN;

export function redisSessions(run: RunScript): SessionStore {
  const hints = createHints(run);
  const notBeforeTimes = createNotBeforeTimes(run);
  const keyOf = (userId: string, id: string): string => `${sessionPrefix(userId)}${id}`;

  async function read(userId: string, id: string): Promise<SessionRow | null> {
    return toRow(texts(await run(scripts.READ, [keyOf(userId, id)], [])));
  }

  async function get(id: string): Promise<SessionRow | null> {
    const userId = await hints.ofId(id);
    return userId === null ? null : read(userId, id);
  }

  async function end(userId: string, id: string, token: TokenHash | null): Promise<readonly Traces[]> {
    return tracesIn(texts(await run(scripts.REVOKE, [sessionsOf(userId)], [sessionPrefix(userId), id, token ?? ''])));
  }

  /** Sweeps up after a step that is made: that it can't be done doesn't undo the step. */
  async function sweep(gone: readonly Traces[], tokens: readonly TokenHash[] = []): Promise<void> {
    await Promise.all([hints.dropSessions(gone), hints.dropTokens(tokens)]).catch(() => {});
  }

  async function touchOne({ id, seenAt, idleExpiresAt, confirms }: Touch, now: number): Promise<void> {
    const userId = await hints.ofId(id);
    if (userId === null) return;
    await run(scripts.TOUCH, [keyOf(userId, id)], [now, seenAt, idleExpiresAt, confirms ?? '', MARGIN]);
  }

  /** Whether the session went; if it is live or gone already, its place in the list of ends is put right. */
  async function endIfOver(id: string, now: number): Promise<boolean> {
    const userId = await hints.ofId(id);
    if (userId === null) {
      await hints.dropSessions([{ id, tokens: [] }]);
      return false;
    }
    const prefix = sessionPrefix(userId);
    const answer = texts(await run(scripts.END_IF_OVER, [`${prefix}${id}`, sessionsOf(userId)], [now, prefix, id]));
    if (answer.length === 1) {
      await hints.moveEnd(id, Number(answer[0]));
      return false;
    }
    await hints.dropSessions(answer.length === 0 ? [{ id, tokens: [] }] : tracesIn(answer));
    return answer.length > 0;
  }

  return {
    async insert({ row, replaces, cap, now }) {
      const { id, userId, authenticatedAt, createdAt, idleExpiresAt, expiresAt } = row;
      const fields = toFields(row);
      const tokens = tokensOf(row);
      const ttl = keepFor(expiresAt, now);
      const place = { userId, id };
      const carried = replaces === null ? null : await hints.ofToken(replaces);
      const isOwn = carried?.userId === userId;
      await hints.addSession(place, Math.min(idleExpiresAt, expiresAt), ttl);
      await Promise.all(tokens.map((token) => hints.addToken(token, place, ttl)));
      const [outcome, replacedCount, ...flat] = texts(
        await run(
          scripts.INSERT,
          [sessionsOf(userId), notBeforeOf(userId), keyOf(userId, id)],
          [
            sessionPrefix(userId),
            id,
            now,
            authenticatedAt,
            createdAt,
            cap ?? '',
            ...(isOwn ? [replaces ?? '', carried.id] : ['', '']),
            keepFor(idleExpiresAt, now),
            ttl,
            ...fields,
          ],
        ),
      );
      if (outcome === 'refused') {
        await sweep([{ id, tokens }]);
        return { outcome: 'refused' };
      }
      const ended = tracesIn(flat);
      const own = ended.slice(0, Number(replacedCount));
      // Another user's session lies in another slot, so it ends in a step of its own: after the one that may refuse.
      const foreign = carried !== null && !isOwn ? await end(carried.userId, carried.id, replaces) : [];
      await sweep([...ended, ...foreign]);
      const [replaced = null] = [...endedOf(userId, own), ...endedOf(carried?.userId ?? '', foreign)];
      return { outcome: 'inserted', replaced, evicted: endedOf(userId, ended.slice(own.length)) };
    },
    async find(tokenHash) {
      const place = await hints.ofToken(tokenHash);
      const row = place === null ? null : await read(place.userId, place.id);
      return row !== null && tokensOf(row).includes(tokenHash) ? row : null;
    },
    get,
    async listForUser(userId, now) {
      const answer = await run(scripts.READ_ALL, [sessionsOf(userId)], [sessionPrefix(userId)]);
      const rows = Array.isArray(answer) ? answer.flatMap((flat) => toRow(texts(flat)) ?? []) : [];
      return rows.filter((row) => isLive(row, now)).sort(lastSeenFirst);
    },
    async list({ limit, after, now }) {
      const rows: SessionRow[] = [];
      if (limit <= 0) return rows;
      for await (const id of allIds(hints, after)) {
        const row = await get(id);
        if (row !== null && isLive(row, now)) rows.push(row);
        if (rows.length === limit) break;
      }
      return rows;
    },
    async revoke(id, userId) {
      const owner = await hints.ofId(id);
      if (owner === null || (userId !== null && owner !== userId)) return null;
      const ended = await end(owner, id, null);
      await sweep(ended);
      return endedOf(owner, ended)[0] ?? null;
    },
    async revokeAllForUser(userId, except, notBefore) {
      await notBeforeTimes.note(userId, notBefore);
      const answer = await run(
        scripts.REVOKE_ALL,
        [sessionsOf(userId), notBeforeOf(userId)],
        [sessionPrefix(userId), except ?? '', notBefore, NOT_BEFORE_FOR],
      );
      const ended = tracesIn(texts(answer));
      await sweep(ended);
      return endedOf(userId, ended);
    },
    async touch(touches, now) {
      await Promise.all(touches.map((touch) => touchOne({ ...touch }, now)));
    },
    async rotateRefresh({ id, presented, successor, nonce, tokenHash, idleExpiresAt, now }) {
      const before = await get(id);
      if (before?.refreshHash !== presented || !isLive(before, now)) return false;
      const { userId, expiresAt } = before;
      await hints.addToken(tokenHash, { userId, id }, keepFor(expiresAt, now));
      const args = [now, presented, successor, nonce, tokenHash, idleExpiresAt, MARGIN];
      const row = toRow(texts(await run(scripts.ROTATE, [keyOf(userId, id)], args)));
      await sweep([], unused([...tokensOf(before), tokenHash], row ?? (await read(userId, id))));
      return row !== null;
    },
    async recordStepUp({ id, presented, nonce, tokenHash, method, verifiedAt, now }) {
      const args = [now, presented, nonce, tokenHash, method, verifiedAt ?? ''];
      const before = await get(id);
      if (before === null || !isLive(before, now) || !tokensOf(before).includes(presented)) return { outcome: 'lost' };
      const { userId, expiresAt } = before;
      await hints.addToken(tokenHash, { userId, id }, keepFor(expiresAt, now));
      const row = toRow(texts(await run(scripts.RECORD_STEP_UP, [keyOf(userId, id)], args)));
      await sweep([], unused([...tokensOf(before), tokenHash], row ?? (await read(userId, id))));
      return row === null ? { outcome: 'lost' } : { outcome: 'recorded', row };
    },
    async dropProofs(id) {
      const userId = await hints.ofId(id);
      return userId !== null && (await run(scripts.DROP_PROOFS, [keyOf(userId, id)], [])) === 1;
    },
    async replaceCredentials({ id, userId, presented, tokenHash, refreshHash, now }) {
      const before = await read(userId, id);
      if (before?.tokenHash !== presented || !isLive(before, now)) return { outcome: 'lost' };
      await hints.addToken(tokenHash, { userId, id }, keepFor(before.expiresAt, now));
      await notBeforeTimes.note(userId, now);
      const [outcome, ...flat] = texts(
        await run(
          scripts.REPLACE,
          [keyOf(userId, id), sessionsOf(userId), notBeforeOf(userId)],
          [now, presented, tokenHash, refreshHash ?? '', sessionPrefix(userId), id, NOT_BEFORE_FOR],
        ),
      );
      if (outcome === 'lost') {
        await sweep([], unused([tokenHash], await read(userId, id)));
        return { outcome: 'lost' };
      }
      const ended = tracesIn(flat);
      await sweep(ended, tokensOf(before));
      return { outcome: 'replaced', ended: endedOf(userId, ended) };
    },
    async deleteExpired(now, notBefore, limit) {
      await notBeforeTimes.deleteBefore(notBefore);
      let count = 0;
      for (const shard of SHARDS) {
        while (count < limit) {
          const ids = await hints.idsUntil(shard, now, limit - count);
          const went = await Promise.all(ids.map((id) => endIfOver(id, now)));
          count += went.filter((each) => each).length;
          if (ids.length === 0) break;
        }
      }
      return count;
    },
  };
}

/** What a script says of ended sessions: id, token and previous token or '' of each. */
function tracesIn(flat: readonly string[]): readonly Traces[] {
  const traces: Traces[] = [];
  for (let index = 0; index < flat.length; index += 3) {
    const [id = '', ...tokens] = flat.slice(index, index + 3);
    traces.push({ id, tokens: tokens.filter((token) => token !== '') as TokenHash[] }); // they come from a row
  }
  return traces;
}

function endedOf(userId: string, traces: readonly Traces[]): readonly EndedSession[] {
  return traces.map(({ id }) => ({ id, userId }));
}

function tokensOf({ tokenHash, previousTokenHash }: SessionRow): readonly TokenHash[] {
  return previousTokenHash === null ? [tokenHash] : [tokenHash, previousTokenHash];
}

/** Those that the session hasn't, or hasn't any more. */
function unused(tokens: readonly TokenHash[], row: SessionRow | null): readonly TokenHash[] {
  const used = row === null ? [] : tokensOf(row);
  return tokens.filter((token) => !used.includes(token));
}

/** A time to live, for one that may be over by now. */
function keepFor(endsAt: number, now: number): number {
  return Math.ceil(Math.max(0, endsAt - now) + MARGIN);
}

function isLive(row: SessionRow, now: number): boolean {
  return now < row.idleExpiresAt && now < row.expiresAt;
}

function lastSeenFirst(a: SessionRow, b: SessionRow): number {
  return b.lastSeenAt - a.lastSeenAt || b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);
}
