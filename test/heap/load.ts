import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningApp, startApp, Unanswered } from '../crash/app.js';
import { Violation } from '../crash/ledger.js';
import { User } from '../crash/user.js';
import { random } from '../support/random.js';
import { type Held, readSnapshot } from './snapshot.js';

export interface HeapOptions {
  /** In milliseconds. */
  readonly duration: number;
  readonly seed: number;
  /** Told ten times. */
  readonly progress: (measurement: Measurement) => void;
}

export interface Measurement {
  /** Since the start, in milliseconds. */
  readonly at: number;
  readonly writes: number;
  /** Of the main thread, after a full collection. */
  readonly heapUsed: number;
  readonly rss: number;
}

/** What the threads of the app hold. */
export interface HeldByThread {
  readonly main: ReadonlyMap<string, Held>;
  readonly writer: ReadonlyMap<string, Held>;
}

const USERS = 16;
const SLICES = 10;
/** Short, so that many sessions end by themselves, and are deleted. */
const LIFETIMES = { idleLifetime: 20, absoluteLifetime: 40, cleanupInterval: 10 };

/**
 * Loads an app with all that users do. Ten times all stop, and its heap is measured; what it held the first and the last
 * time is given.
 */
export async function load({ duration, seed, progress }: HeapOptions): Promise<readonly [HeldByThread, HeldByThread]> {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-heap-'));
  const app = await startApp(join(folder, 'app.db'), { options: LIFETIMES, execArgv: ['--expose-gc'] });
  const choice = random(seed);
  let writes = 0;
  const users = Array.from({ length: USERS }, (_, number) => {
    const acknowledged = (): void => {
      writes += 1;
    };
    const options = { id: `user-${number}`, random: random(seed * USERS + number), send: app.send, acknowledged };
    return new User(options);
  });

  async function loadFor(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    await Promise.all(
      users.map(async (user) => {
        while (performance.now() < end) {
          await actOrMoveOn(user);
          // Some sessions are left alone until they end.
          if (choice.chance(0.02)) for (const entry of user.live) user.forget(entry);
          user.ended.clear();
        }
      }),
    );
  }

  try {
    await Promise.all(users.map((user) => user.enrol()));
    let first: HeldByThread = { main: new Map(), writer: new Map() };
    for (let slice = 1; slice <= SLICES; slice += 1) {
      await loadFor(duration / SLICES);
      await delay(1_000); // the connections and timers of the load come to rest
      const { heapUsed, rss } = (await app.ask('measure')) as NodeJS.MemoryUsage; // what the app answers to that
      progress({ at: (duration * slice) / SLICES, writes, heapUsed, rss });
      if (slice === 1) first = await held(app, folder);
    }
    return [first, await held(app, folder)];
  } finally {
    await app.kill();
    rmSync(folder, { recursive: true });
  }
}

/** A session that has ended by itself is left behind. */
async function actOrMoveOn(user: User): Promise<void> {
  try {
    await user.act();
  } catch (error) {
    if (!(error instanceof Violation || error instanceof Unanswered)) throw error;
    for (const entry of user.live) user.forget(entry);
  }
}

async function held(app: RunningApp, folder: string): Promise<HeldByThread> {
  const snapshot = join(folder, 'heap.heapsnapshot');
  await app.ask({ snapshot });
  return { main: readSnapshot(snapshot), writer: readSnapshot(`${snapshot}.writer`) };
}
