import type { TokenHash } from '../../internal/tokens.js';
import { changed, type SessionChange } from '../contract/session-state.js';
import type { SessionRow, SessionStore } from '../contract/sessions.js';
import { chunks } from './batches.js';
import { nameOf } from './keys.js';
import { endedOf, leadsOf } from './lookup-keys.js';
import type { Place } from './place-cache.js';
import { TRIED_FOR, textOrNull, texts } from './scripts.js';
import { endOf, NULL, tokensOf, toRow, toText } from './session-row.js';
import type { SessionParts } from './sessions.js';
import { NOT_BEFORE_FOR, SESSION_MARGIN, ttlOf } from './ttl.js';

interface Step {
  readonly place: Place;
  readonly change: SessionChange;
  readonly now: number;
  /** The row as the caller has just read it. */
  readonly known?: SessionRow | undefined;
}

/** What `SWAP` and `REPLACE` take. */
type Swap = readonly (string | number)[];

interface Written {
  readonly row: SessionRow;
  /** Of the user's other sessions, what ended with it. */
  readonly ended: readonly string[];
}

/** The row is read, `changed` here, and written only if it still is what was read: so all is one step. */
export function sessionChanges({
  redis: { run, keys, client },
  scripts,
  finder,
  lookupKeys,
  notBeforeTimes,
  sweep,
  rowsOfUser,
}: SessionParts): Pick<SessionStore, 'change' | 'changeAllOfUser' | 'replaceCredentials'> {
  async function apply(step: Step, write: (swap: Swap) => Promise<unknown>): Promise<Written | null> {
    const { place, change, now, known } = step;
    const until = performance.now() + TRIED_FOR;
    let tried: readonly TokenHash[] = [];
    // A row that refuses may be an old one: only the one that is there gives null.
    const isPossible = known !== undefined && changed(known, change, now) !== null;
    let stored = isPossible ? toText(known) : await finder.read(place);
    for (;;) {
      const row = stored === null ? null : toRow(stored, place);
      const next = row && changed(row, change, now);
      if (stored === null || row === null || next === null) {
        await lookupKeys.sweep([], without(tried, row));
        return null;
      }
      const [leads, ttl] = [leadsOf(next), ttlOf(next.expiresAt, now, SESSION_MARGIN)];
      const [added, dropped] = [without(leads.tokens, row), without(tokensOf(row), next)];
      if (client.isCluster) {
        await lookupKeys.addTokens(added, leads, ttl);
        tried = added;
      }
      const [first = NULL, second = NULL] = dropped;
      const swap = [nameOf(place.id), stored, toText(next), ttl, leads.place, added[0] ?? NULL, first, second];
      const answer = await write(swap);
      if (Array.isArray(answer)) {
        const [text = '', ...ended] = texts(answer);
        const end = endOf(next);
        await Promise.all([
          client.isCluster && lookupKeys.sweep([], dropped),
          end < endOf(row) && lookupKeys.moveEnd(place, end).catch(() => {}), // or it is found later
        ]);
        return { row: toRow(text, place), ended };
      }
      if (performance.now() > until)
        throw new Error('Other changes of the session always came first; nothing was written.');
      stored = textOrNull(answer);
    }
  }

  async function changeOne(step: Step): Promise<SessionRow | null> {
    const key = keys.sessionsOf(step.place.userId);
    const written = await apply(step, (swap) => run(scripts.SWAP, key, ...swap));
    return written?.row ?? null;
  }

  return {
    async change(id, asked, now, known) {
      const change = { ...asked };
      return finder.inPlaceOf(id, (place) => changeOne({ place, change, now, known }));
    },
    async changeAllOfUser(userId, asked, now) {
      const change = { ...asked };
      for await (const rows of rowsOfUser(userId)) {
        const altered = rows.filter((row) => isAltered(row, changed(row, change, now)));
        for (const some of chunks(altered)) {
          await Promise.all(some.map((row) => changeOne({ place: row, change, now, known: row })));
        }
      }
    },
    async replaceCredentials(id, asked, now) {
      const own = { ...asked };
      const { userId } = own;
      const place = { userId, id };
      const written = await apply({ place, change: own, now }, (swap) =>
        run(scripts.REPLACE, keys.sessionsOf(userId), ...swap, now, NOT_BEFORE_FOR),
      );
      if (written === null) return { outcome: 'lost' };
      const [ended] = await Promise.all([sweep(written.ended), notBeforeTimes.note(userId, now)]);
      return { outcome: 'replaced', row: written.row, ended: endedOf(userId, ended) };
    },
  };
}

function without(tokens: readonly TokenHash[], row: SessionRow | null): readonly TokenHash[] {
  return row === null ? tokens : tokens.filter((token) => !tokensOf(row).includes(token));
}

function isAltered(row: SessionRow, next: SessionRow | null): boolean {
  return next !== null && toText(next) !== toText(row);
}
