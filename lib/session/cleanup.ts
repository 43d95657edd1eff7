import type { Emit } from '../events.js';
import type { Clock } from '../internal/clock.js';
import type { SessionStore } from '../stores/contract/sessions.js';
import { SIGN_IN_WINDOW } from './sessions.js';
import type { StoreCall } from './store-calls.js';

export interface Cleanup {
  /** Deletes every row that is over. Gives their number; rejects when the store fails. */
  deleteExpired(): Promise<number>;
  close(): void;
}

export interface CleanupOptions {
  readonly store: SessionStore;
  readonly call: StoreCall;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly interval: number;
}

const BATCH = 1_000;
const MAX_TIMER = 2 ** 31 - 1; // a longer one would fire at once

export function createCleanup({ store, call, clock, emit, interval }: CleanupOptions): Cleanup {
  // A batch at a time, so that nobody's sign-in waits behind a million deletions.
  async function deleteExpired(): Promise<number> {
    const now = clock.now();
    let count = 0;
    for (let last = BATCH; last >= BATCH; count += last) {
      last = await call('deleteExpired', () => store.deleteExpired(now, now - SIGN_IN_WINDOW, BATCH), Number.isInteger);
    }
    if (count > 0) emit({ type: 'sessions.expired-deleted', count });
    return count;
  }

  const timer = setInterval(() => void deleteExpired().catch(reported), Math.min(interval, MAX_TIMER)).unref();
  return { deleteExpired, close: () => clearInterval(timer) };
}

/** The store call has told the failure in an event; the next interval tries again. */
function reported(): void {}
