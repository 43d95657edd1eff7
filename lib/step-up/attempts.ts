import { isBeyond } from '../internal/clock.js';
import type { Method } from '../methods/method.js';
import type { Services } from '../services.js';
import type { AttemptCounter } from '../stores/contract/attempts.js';
import type { SessionRow } from '../stores/contract/sessions.js';
import { partOf } from './methods.js';

const WINDOW = 15 * 60_000;
const PER_SESSION = 5; // RTS (EU) 2018/389 art. 4(3)(b)
const PER_USER = 20;
const UNTIL_DISABLED = 100; // SP 800-63B-4 3.2.2
const UNTIL_SESSION_ENDS = 10;
/** For as long as each leaves a mark in the store. */
const GIVEN_UP_WINDOW = 5 * 60_000;
const GIVEN_UP_PER_SESSION = 32;

export type AttemptOutcome =
  | { readonly outcome: 'open' }
  | { readonly outcome: 'locked'; readonly until: number }
  /** Too many failures in a row: until it is unlocked, or a proof at least as strong is made. */
  | { readonly outcome: 'disabled' };

export type CountedOutcome =
  /** What follows if this attempt turns out to be a failure. `left`: how many more there may be then. */
  | { readonly outcome: 'counted'; readonly left: number; readonly endsSession: boolean; readonly disables: boolean }
  | Exclude<AttemptOutcome, { outcome: 'open' }>;

/** Who attempts: a session, or a sign-in that waits for its second factor. */
export type Attempter = Pick<SessionRow, 'id' | 'userId' | 'expiresAt' | 'passedMethods'>;

/**
 * Limits guessing. An attempt is counted as a failure before it is looked at, and taken back when it was none, so
 * that parallel attempts can't outrun the limit. An attacker with a copied session can lock that session's attempts
 * and end it; a method that can't be guessed is never locked for the user elsewhere, and a session that has passed the
 * method itself is locked by its own failures only, else whoever knows the password could lock the owner out.
 */
export interface Attempts {
  /** Whether an attempt would be counted. Counts nothing. */
  check(row: Attempter, method: Method): Promise<AttemptOutcome>;
  count(row: Attempter, method: Method): Promise<CountedOutcome>;
  /** Takes the attempt back, and lets the methods named in `enables` be tried again if they were disabled. */
  succeeded(row: Attempter, method: Method, enables: readonly string[]): Promise<void>;
  unlock(userId: string, method: string): Promise<void>;
  /**
   * Counts that a session has given up a challenge that isn't there, or not any more. Null; or until when there were too
   * many, and then it wasn't counted.
   */
  countGivenUp(row: Attempter): Promise<number | null>;
}

export function createAttempts({ store, clock }: Pick<Services, 'store' | 'clock'>): Attempts {
  function countersOf(row: Attempter, method: Method): readonly AttemptCounter[] {
    const ofSession = { key: sessionKey(row, method.name), limit: PER_SESSION, window: WINDOW };
    const inARow = { key: sessionFailures(row), limit: null, window: Math.max(1, row.expiresAt - clock.now()) };
    if (!method.guessable) return [inARow, ofSession];
    const hasPassed = row.passedMethods.includes(method.name);
    const ofUser = { key: userKey(method.name), limit: hasPassed ? null : PER_USER, window: WINDOW };
    const failures = { key: failuresKey(method.name), limit: hasPassed ? null : UNTIL_DISABLED, window: null };
    return [inARow, failures, ofSession, ofUser];
  }

  const blocked = ({ endsAt }: { endsAt: number | null }): Exclude<AttemptOutcome, { outcome: 'open' }> =>
    endsAt === null ? { outcome: 'disabled' } : { outcome: 'locked', until: endsAt };

  return {
    async check(row, method) {
      const counters = countersOf(row, method);
      const keys = counters.map(({ key }) => key);
      const now = clock.now();
      const counts = new Map(
        (await partOf(store, 'attempts').read(row.userId, keys, now)).map((count) => [count.key, count]),
      );
      for (const { key, limit, window } of counters) {
        const at = counts.get(key);
        if (at === undefined || limit === null || at.count < limit) continue;
        // A lock of a clock that was ahead starts again when it is counted next.
        if (at.endsAt === null || window === null || !isBeyond(at.endsAt, window, now)) return blocked(at);
      }
      return { outcome: 'open' };
    },
    async count(row, method) {
      const counters = countersOf(row, method);
      const answer = await partOf(store, 'attempts').count(row.userId, counters, clock.now());
      if (answer.outcome === 'refused') return blocked(answer.at);
      const countOf = (key: string): number => answer.counts.find((count) => count.key === key)?.count ?? 0;
      const limits = counters.map(({ key, limit }) => (limit ?? Number.POSITIVE_INFINITY) - countOf(key));
      return {
        outcome: 'counted',
        left: Math.min(UNTIL_SESSION_ENDS - countOf(sessionFailures(row)), ...limits),
        endsSession: countOf(sessionFailures(row)) >= UNTIL_SESSION_ENDS,
        disables: countOf(failuresKey(method.name)) === UNTIL_DISABLED,
      };
    },
    async succeeded(row, method, enables) {
      await partOf(store, 'attempts').reset(row.userId, {
        clear: [sessionKey(row, method.name), sessionFailures(row), ...enables.map(failuresKey)],
        // What others have tried on this user stays counted.
        refund: method.guessable ? [userKey(method.name)] : [],
      });
    },
    async unlock(userId, method) {
      await partOf(store, 'attempts').reset(userId, { clear: [userKey(method), failuresKey(method)], refund: [] });
    },
    async countGivenUp({ id, userId }) {
      const counter = { key: `given-up ${id}`, limit: GIVEN_UP_PER_SESSION, window: GIVEN_UP_WINDOW };
      const now = clock.now();
      const answer = await partOf(store, 'attempts').count(userId, [counter], now);
      return answer.outcome === 'refused' ? (answer.at.endsAt ?? now + GIVEN_UP_WINDOW) : null;
    },
  };
}

function sessionKey(row: Attempter, method: string): string {
  return `session ${row.id} ${method}`;
}

function sessionFailures(row: Attempter): string {
  return `session-failures ${row.id}`;
}

function userKey(method: string): string {
  return `user ${method}`;
}

function failuresKey(method: string): string {
  return `failures ${method}`;
}
