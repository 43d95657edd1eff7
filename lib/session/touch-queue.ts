import type { Emit } from '../events.js';
import { type Clock, isAhead } from '../internal/clock.js';
import type { SessionStore, Touch } from '../stores/contract/sessions.js';

/** What a request's use of a session has to change in its row. */
export interface Sighting {
  readonly touch: Touch;
  /** A wrong clock has written the row: its times have to be put right. */
  readonly isWrong: boolean;
}

/**
 * Remembers which sessions were seen and writes that in the background: a request never waits for it, and it can
 * neither create nor revive a session. What was noted is written, and tried again until it is; 100,000 sessions may
 * wait. Beyond that, touches are dropped and counted in `touch.failed`.
 */
export interface TouchQueue {
  /** Notes it, unless the same was noted less than `touchInterval` ago. */
  note(sighting: Sighting): void;
  /**
   * Tries to write all that was noted before the call. Never rejects: a failure is a `touch.failed` event, and the
   * notes are kept for the next flush.
   */
  flush(): Promise<void>;
  /** Flushes a last time and stops: from the call on, nothing is noted any more. */
  close(): Promise<void>;
}

export interface TouchQueueOptions {
  readonly store: Pick<SessionStore, 'touch' | 'change'>;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly touchInterval: number;
}

const FLUSH_DELAY = 1_000;
const RETRY_DELAY = 5_000;
const BATCH = 1_000;
/** About 20 MiB. */
const MAX_PENDING = 100_000;

export function createTouchQueue(options: TouchQueueOptions): TouchQueue {
  const { store, clock, emit, touchInterval } = options;
  const pending = new Map<string, Touch>();
  let writing: ReadonlyMap<string, Touch> = new Map();
  /** Which of these sessions have a row that a wrong clock has written. */
  const corrections = new Set<string>();
  let dropped = 0;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let timer: { readonly handle: NodeJS.Timeout; readonly delay: number } | null = null;
  let closed = false;

  /**
   * Has what is pending written in `delay` milliseconds at the latest. Whoever puts something into `pending` calls it,
   * and only a timer that fires or `close` takes a timer away; so nothing waits without one.
   */
  function schedule(delay: number): void {
    if (closed || (timer !== null && timer.delay <= delay)) return;
    if (timer !== null) clearTimeout(timer.handle);
    const fire = (): void => {
      timer = null;
      void flush(); // which never rejects
    };
    timer = { handle: setTimeout(fire, delay).unref(), delay }; // unreferenced, so that an idle process can end
  }

  /** While a write is under way another follows it: the first may have passed by what was noted since. */
  function flush(): Promise<void> {
    if (running !== null) {
      next ??= running.then(() => {
        next = null;
        return flush();
      });
      return next;
    }
    running = drain().finally(() => {
      running = null;
    });
    return running;
  }

  /** Writes what is pending now, and no more: else a flush in a busy hour would have no end. */
  async function drain(): Promise<void> {
    for (let left = pending.size; left > 0; left -= BATCH) {
      writing = takeBatch();
      try {
        await write([...writing.values()]);
        writing = new Map();
      } catch (error) {
        keep();
        report(error);
        return;
      }
    }
    if (dropped > 0) report(new Error(`More than ${MAX_PENDING} sessions waited to be written.`));
  }

  function takeBatch(): ReadonlyMap<string, Touch> {
    const batch = new Map<string, Touch>();
    for (const [id, touch] of pending) {
      if (batch.size === BATCH) break;
      batch.set(id, touch);
      pending.delete(id);
    }
    return batch;
  }

  /** First the corrections: times that are ahead would hold up the touches. One by one, as requests go on beside them. */
  async function write(batch: readonly Touch[]): Promise<void> {
    for (const { id } of batch) {
      if (!corrections.has(id)) continue;
      await store.change(id, { type: 'correct-times' }, clock.now());
      corrections.delete(id);
    }
    await store.touch(batch, clock.now());
  }

  /** Puts a batch that failed back; what was noted meanwhile is newer, and has taken over its first use. */
  function keep(): void {
    for (const [id, touch] of writing) if (!pending.has(id)) pending.set(id, touch);
    writing = new Map();
    schedule(RETRY_DELAY);
  }

  function report(error: unknown): void {
    const event = { type: 'touch.failed', pending: pending.size, dropped, error } as const;
    dropped = 0; // before the app hears of it, since it may note something then
    emit(event);
  }

  return {
    note({ touch, isWrong }) {
      if (closed) return;
      const { id, seenAt, confirms } = touch;
      const noted = pending.get(id) ?? writing.get(id);
      // What a clock that was ahead has noted says nothing.
      const known = noted !== undefined && !isAhead(noted.seenAt, seenAt) ? noted : null;
      // The last one may have been passive, and so have slid nothing.
      const isNoted =
        known !== null &&
        seenAt - known.seenAt < touchInterval &&
        touch.idleExpiresAt - known.idleExpiresAt < touchInterval;
      const isFirstUse = confirms !== null && confirms !== noted?.confirms;
      const isCorrection = isWrong && !corrections.has(id);
      if (isNoted && !isFirstUse && !isCorrection) return;
      if (pending.size >= MAX_PENDING && !pending.has(id)) {
        dropped += 1;
        return;
      }
      if (isCorrection) corrections.add(id);
      pending.set(id, {
        ...touch,
        idleExpiresAt: Math.max(touch.idleExpiresAt, known?.idleExpiresAt ?? 0),
        confirms: confirms ?? noted?.confirms ?? null,
      });
      schedule(isFirstUse ? 0 : FLUSH_DELAY);
    },
    flush,
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer.handle);
      timer = null;
      return flush();
    },
  };
}
