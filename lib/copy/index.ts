import { type Clock, systemClock } from '../internal/clock.js';
import { SetupError } from '../internal/setup-error.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import { parseClock, parseStore } from '../options/checks.js';
import type { RowCopy } from '../stores/contract/copy.js';
import type { Store } from '../stores/contract/store.js';

export interface CopyStoreOptions {
  /** The instance's, where it isn't the system's. */
  readonly clock?: Clock;
}

/** How many rows of each kind were moved. */
export interface CopiedRows {
  readonly sessions: number;
  /** Users before whose latest revocation of all sessions no sign-in may have begun. */
  readonly notBefore: number;
  /** Counters of failed attempts, those of disabled methods among them. */
  readonly attempts: number;
  readonly passkeys: number;
  readonly totp: number;
  /** Users who have some. */
  readonly recoveryCodes: number;
}

type Part = 'sessions' | 'attempts' | 'passkeys' | 'totp' | 'recoveryCodes';

/** What a row is called in an error: nothing of it that is secret. */
interface Named {
  readonly userId: string;
  readonly id?: string;
}

interface At {
  readonly kind: keyof CopiedRows;
  readonly now: number;
}

/** A kind of rows in both stores. */
interface Move {
  readonly kind: keyof CopiedRows;
  /** Whether there is a row of the kind in the target. */
  isTaken(now: number): Promise<boolean>;
  /** Says how many rows it wrote. */
  run(now: number): Promise<number>;
}

/**
 * Moves what has to last from one store to another, so that everybody stays signed in and keeps their methods: live
 * sessions, not-before times, failed attempts, passkeys, TOTP and recovery codes. Challenges and grants, which live for
 * minutes, stay behind. A part that is the same in both stays where it is.
 *
 * Stop the app first: a session that is revoked in the old store while this runs would live on in the new one. The new
 * store must be empty, and is refused with a `SetupError` before anything is written if it isn't, or if it lacks a part
 * that the old one has. After a failure half-way empty it and begin again; the old store is only read. Where it is a row
 * that the new store can't keep, the error says whose.
 */
export async function copyStore(from: Store, to: Store, options: CopyStoreOptions = {}): Promise<CopiedRows> {
  refuseUnknownKeys(options, ['clock'], 'copyStore');
  const now = parseClock(options.clock ?? systemClock).now();
  const moves = movesBetween(parseStore(from), parseStore(to));
  for (const { kind, isTaken } of moves) {
    if (await isTaken(now)) {
      throw new SetupError(
        `The store to copy to has ${NAMES[kind]} already; nothing was written.`,
        'Copy once, into an empty store. To begin again after a failure, empty its tables or keys first.',
      );
    }
  }
  const copied = { sessions: 0, notBefore: 0, attempts: 0, passkeys: 0, totp: 0, recoveryCodes: 0 };
  for (const { kind, run } of moves) copied[kind] = await run(now);
  return copied;
}

/** Sessions come last: what is to keep one from being used is there before it is. */
function movesBetween(from: Store, to: Store): readonly Move[] {
  return [
    ...moved('notBefore', from.sessions, to.sessions, 'sessions', ({ copy }) => copy?.notBefore),
    ...moved('attempts', from.attempts, to.attempts, 'attempts', ({ copy }) => copy),
    ...moved('passkeys', from.passkeys, to.passkeys, 'passkeys', ({ copy }) => copy),
    ...moved('totp', from.totp, to.totp, 'totp', ({ copy }) => copy),
    ...moved('recoveryCodes', from.recoveryCodes, to.recoveryCodes, 'recoveryCodes', ({ copy }) => copy),
    ...moved('sessions', from.sessions, to.sessions, 'sessions', ({ copy }) => copy),
  ];
}

function moved<P extends object, Row extends Named>(
  kind: keyof CopiedRows,
  from: P | undefined,
  to: P | undefined,
  part: Part,
  copyOf: (part: P) => RowCopy<Row> | undefined,
): readonly Move[] {
  if (from === undefined || from === to) return [];
  if (to === undefined) {
    throw new SetupError(
      `The store to copy to has no \`${part}\`, and the other has.`,
      'Take that part from a third, for example { ...postgresStore(pool), sessions: redisStore(client).sessions }.',
    );
  }
  const [source, target] = [copyOf(from), copyOf(to)];
  if (source === undefined || target === undefined) {
    throw new SetupError(
      `\`${part}\` of the store to copy ${source === undefined ? 'from' : 'to'} has no \`copy\`.`,
      'A store of your own needs it for this: see `RowCopy` in the contract.',
    );
  }
  return [
    {
      kind,
      async isTaken(now) {
        for await (const rows of target.rows(now)) if (rows.length > 0) return true;
        return false;
      },
      async run(now) {
        let count = 0;
        for await (const rows of source.rows(now)) count += await putAll(target, rows, { kind, now });
        return count;
      },
    },
  ];
}

/** Where a batch fails, its rows are tried one by one, and the error names the first that fails alone. */
async function putAll<Row extends Named>(target: RowCopy<Row>, rows: readonly Row[], at: At): Promise<number> {
  try {
    return await target.put(rows, at.now);
  } catch (error) {
    for (const row of rows) await putOne(target, row, at);
    throw error;
  }
}

async function putOne<Row extends Named>(target: RowCopy<Row>, row: Row, { kind, now }: At): Promise<void> {
  try {
    await target.put([row], now);
  } catch (error) {
    const { userId, id } = row;
    const which = JSON.stringify(id === undefined ? { userId } : { userId, id });
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`The row ${which} of the ${NAMES[kind]} can't be written: ${why}`, { cause: error });
  }
}

const NAMES: { readonly [Kind in keyof CopiedRows]: string } = {
  sessions: 'sessions',
  notBefore: 'not-before times',
  attempts: 'failed attempts',
  passkeys: 'passkeys',
  totp: 'TOTP',
  recoveryCodes: 'recovery codes',
};
