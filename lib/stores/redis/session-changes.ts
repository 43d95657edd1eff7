import type { TokenHash } from '../../internal/tokens.js';
import { changed, type SessionChange } from '../contract/session-state.js';
import type { SessionRow, SessionStore } from '../contract/sessions.js';
import { chunks } from './batches.js';
import { endedOf, type LookupKeys, type Owner, tracesIn } from './lookup-keys.js';
import type { NotBeforeTimes } from './not-before.js';
import { type Redis, textOrNull, texts } from './scripts.js';
import { endOf, tokensOf, toRow, toText } from './session-row.js';
import * as scripts from './session-scripts.js';
import { NOT_BEFORE_FOR, SESSION_MARGIN, ttlOf } from './ttl.js';

/**
 * For how many milliseconds a change is tried again where others come first: each time one of them succeeds. Well below
 * the kit's `storeTimeout`.
 */
const TRIED_FOR = 2_000;

interface SessionChangesParts {
  readonly redis: Pick<Redis, 'run' | 'keys'>;
  readonly lookupKeys: LookupKeys;
  readonly notBeforeTimes: NotBeforeTimes;
}

interface Step<T> {
  readonly id: string;
  readonly owner: Owner;
  readonly change: SessionChange;
  readonly now: number;
  /** Null where the row isn't any more what was read. */
  readonly write: (read: string, next: string) => Promise<T | null>;
}

/** The row is read, `changed` here, and written only if it still is what was read: so all is one step. */
export function sessionChanges({
  redis: { run, keys },
  lookupKeys,
  notBeforeTimes,
}: SessionChangesParts): Pick<SessionStore, 'change' | 'changeAllOfUser' | 'replaceCredentials'> {
  async function apply<T>(step: Step<T>): Promise<{ readonly row: SessionRow; readonly answer: T } | null> {
    const { id, owner, change, now, write } = step;
    const { userId, expiresAt } = owner;
    const until = performance.now() + TRIED_FOR;
    const read = async (): Promise<string | null> => textOrNull(await run(scripts.READ, keys.sessionsOf(userId), id));
    const tokens = 'tokenHash' in change ? [change.tokenHash] : [];
    const ttl = ttlOf(expiresAt, now, SESSION_MARGIN);
    const addLookupKeys = Promise.all(tokens.map((token) => lookupKeys.addToken(token, { userId, id }, ttl)));
    let [stored] = await Promise.all([read(), addLookupKeys]);
    for (;;) {
      const row = stored === null ? null : toRow(stored);
      const next = row && changed(row, change, now);
      if (stored === null || row === null || next === null) {
        await lookupKeys.sweep([], tokens.filter(isNotIn(row)));
        return null;
      }
      const answer = await write(stored, toText(next));
      if (answer !== null) {
        const end = endOf(next);
        await Promise.all([
          lookupKeys.sweep([], tokensOf(row).filter(isNotIn(next))),
          end < endOf(row) && lookupKeys.moveEnd(id, end).catch(() => {}), // or it is found later
        ]);
        return { row: next, answer };
      }
      if (performance.now() > until)
        throw new Error('Other changes of the session always came first; nothing was written.');
      stored = await read();
    }
  }

  async function changeOne(owner: Owner, id: string, asked: SessionChange, now: number): Promise<SessionRow | null> {
    const write = async (read: string, next: string): Promise<true | null> =>
      (await run(scripts.SWAP, keys.sessionsOf(owner.userId), id, read, next)) === 1 || null;
    return (await apply({ id, owner, change: asked, now, write }))?.row ?? null;
  }

  return {
    async change(id, asked, now) {
      const own = { ...asked };
      const owner = await lookupKeys.ofId(id);
      return owner && changeOne(owner, id, own, now);
    },
    async changeAllOfUser(userId, asked, now) {
      const own = { ...asked };
      const key = keys.sessionsOf(userId);
      for (const ids of chunks(texts(await run(scripts.IDS, key)))) {
        const rows = texts(await run(scripts.READ_SOME, key, ...ids)).map(toRow);
        const altered = rows.filter((row) => isAltered(row, changed(row, own, now)));
        await Promise.all(altered.map((row) => changeOne(row, row.id, own, now)));
      }
    },
    async replaceCredentials(id, asked, now) {
      const own = { ...asked };
      const { userId } = own;
      const owner = await lookupKeys.ofId(id);
      if (owner?.userId !== userId) return { outcome: 'lost' };
      const replaced = await apply({
        id,
        owner,
        change: own,
        now,
        async write(read, next) {
          const ended = await run(scripts.REPLACE, keys.sessionsOf(userId), id, read, next, now, NOT_BEFORE_FOR);
          return ended === null ? null : tracesIn(texts(ended));
        },
      });
      if (replaced === null) return { outcome: 'lost' };
      await Promise.all([lookupKeys.sweep(replaced.answer), notBeforeTimes.note(userId, now)]);
      return { outcome: 'replaced', row: replaced.row, ended: endedOf(userId, replaced.answer) };
    },
  };
}

function isNotIn(row: SessionRow | null): (token: TokenHash) => boolean {
  return (token) => row === null || !tokensOf(row).includes(token);
}

function isAltered(row: SessionRow, next: SessionRow | null): boolean {
  return next !== null && toText(next) !== toText(row);
}
