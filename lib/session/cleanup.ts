import type { Services } from '../services.js';
import { SIGN_IN_WINDOW } from './sessions.js';

export interface Cleanup {
  /** Deletes every row that has expired. Gives the number of sessions; rejects when the store fails. */
  deleteExpired(): Promise<number>;
  close(): void;
}

const BATCH = 1_000;
const MAX_TIMER = 2 ** 31 - 1; // a longer one would fire at once

export function createCleanup({
  settings,
  store,
  clock,
  emit,
}: Pick<Services, 'settings' | 'store' | 'clock' | 'emit'>): Cleanup {
  async function deleteExpired(): Promise<number> {
    const now = clock.now();
    const count = await inBatches((limit) => store.sessions.deleteExpired(now, now - SIGN_IN_WINDOW, limit));
    for (const part of [store.challenges, store.grants, store.approvals, store.attempts]) {
      if (part !== undefined) await inBatches((limit) => part.deleteExpired(now, limit));
    }
    if (count > 0) emit({ type: 'sessions.expired-deleted', count });
    return count;
  }

  const timer = setInterval(
    () => void deleteExpired().catch(reported),
    Math.min(settings.cleanupInterval, MAX_TIMER),
  ).unref();
  return { deleteExpired, close: () => clearInterval(timer) };
}

/** A batch at a time, so that nobody's sign-in waits behind a million deletions. */
async function inBatches(deleteBatch: (limit: number) => Promise<number>): Promise<number> {
  let count = 0;
  for (let last = BATCH; last >= BATCH; count += last) last = await deleteBatch(BATCH);
  return count;
}

/** The store's failure is in an event already; the next interval tries again. */
function reported(): void {}
