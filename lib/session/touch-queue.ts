import type { Emit } from '../events.js';
import type { Clock } from '../internal/clock.js';
import type { TokenHash } from '../internal/token-hash.js';
import type { SessionRow, SessionStore, Touch } from '../stores/contract/sessions.js';

/**
 * Remembers which sessions were seen and writes that in the background: a request never waits for it, and it can
 * neither create nor revive a session.
 */
export interface TouchQueue {
  /** Notes that a session was seen; `confirms` is its current token when that wasn't used before. */
  note(row: SessionRow, confirms: TokenHash | null): void;
  /** Writes what is noted. Never rejects: a failure is an event, and the notes are kept for the next flush. */
  flush(): Promise<void>;
  /** Flushes a last time and stops. */
  close(): Promise<void>;
}

export interface TouchQueueOptions {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly idleLifetime: number;
  readonly touchInterval: number;
}

const FLUSH_DELAY = 1_000;
const RETRY_DELAY = 5_000;
const BATCH = 1_000;
/** How many sessions may wait; about 20 MiB. What comes on top is dropped and told in `touch.failed`. */
const MAX_PENDING = 100_000;

export function createTouchQueue(options: TouchQueueOptions): TouchQueue {
  const { store, clock, emit, idleLifetime, touchInterval } = options;
  const pending = new Map<string, Touch>();
  let writing: ReadonlyMap<string, Touch> = new Map();
  let running: Promise<void> | null = null;
  let timer: { readonly handle: NodeJS.Timeout; readonly dueAt: number } | null = null;
  let dropped = 0;
  let closed = false;

  function schedule(delay: number): void {
    const dueAt = performance.now() + delay;
    if (closed || (timer !== null && timer.dueAt <= dueAt)) return;
    if (timer !== null) clearTimeout(timer.handle);
    // `flush` never rejects, and an unreferenced timer lets an idle process end.
    timer = { handle: setTimeout(() => void flush(), delay).unref(), dueAt };
  }

  function flush(): Promise<void> {
    running ??= drain().finally(() => {
      running = null;
    });
    return running;
  }

  async function drain(): Promise<void> {
    if (timer !== null) clearTimeout(timer.handle);
    timer = null;
    while (pending.size > 0) {
      const batch = takeBatch();
      try {
        await store.touch(batch, clock.now());
        writing = new Map();
      } catch (error) {
        keep();
        emit({ type: 'touch.failed', pending: pending.size, dropped, error });
        dropped = 0;
        schedule(RETRY_DELAY);
        return;
      }
    }
  }

  function takeBatch(): readonly Touch[] {
    const batch = new Map<string, Touch>();
    for (const [id, touch] of pending) {
      if (batch.size === BATCH) break;
      batch.set(id, touch);
      pending.delete(id);
    }
    writing = batch;
    return [...batch.values()];
  }

  /** Puts a batch that failed back; what was noted meanwhile is newer. */
  function keep(): void {
    for (const [id, touch] of writing) {
      const newer = pending.get(id);
      pending.set(id, newer === undefined ? touch : { ...newer, confirms: newer.confirms ?? touch.confirms });
    }
    writing = new Map();
  }

  return {
    note(row, confirms) {
      const now = clock.now();
      const noted = pending.get(row.id) ?? writing.get(row.id);
      const isDue =
        now - row.lastSeenAt >= touchInterval && (noted === undefined || now - noted.seenAt >= touchInterval);
      const isNew = confirms !== null && noted?.confirms !== confirms;
      if (closed || (!isDue && !isNew)) return;
      if (pending.size >= MAX_PENDING && !pending.has(row.id)) {
        dropped += 1;
        return;
      }
      pending.set(row.id, {
        id: row.id,
        seenAt: now,
        idleExpiresAt: Math.min(now + idleLifetime, row.expiresAt),
        confirms: confirms ?? noted?.confirms ?? null,
      });
      schedule(isNew ? 0 : FLUSH_DELAY);
    },
    flush,
    async close() {
      await flush();
      closed = true;
      if (timer !== null) clearTimeout(timer.handle);
      timer = null;
    },
  };
}
