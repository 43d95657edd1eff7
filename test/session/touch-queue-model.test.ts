import assert from 'node:assert/strict';
import { describe, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { sessionRow } from '../../lib/conformance/session-rows.js';
import { createEmit } from '../../lib/events.js';
import { hashToken, type TokenHash } from '../../lib/internal/tokens.js';
import { withTimeout } from '../../lib/session/checked-store.js';
import { sightingOf } from '../../lib/session/sessions.js';
import { createTouchQueue } from '../../lib/session/touch-queue.js';
import { believed } from '../../lib/stores/contract/session-state.js';
import type { SessionRow, SessionStore } from '../../lib/stores/contract/sessions.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { manualClock } from '../../lib/testing/manual-clock.js';
import { fakeTimers } from '../support/fake-timers.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TOUCH_INTERVAL = 1_500;
const STORE_TIMEOUT = 2_000;
/** What a healthy store takes to answer. */
const LATENCY = 20;
/** A second till a write, five till the next after a failure, the store's own time, and some calls. */
const BOUND = 1_000 + 5_000 + STORE_TIMEOUT + 1_000;

/** Of both deliveries that confirm otherwise. */
const IDS = ['cookie a', 'bearer b', 'bearer c'] as const;
type Id = (typeof IDS)[number];

type Step =
  /** A request brings the session's current token, or its previous one. */
  | { readonly does: 'use'; readonly id: Id; readonly token: 'current' | 'previous' }
  /** The session gets a new token, from a machine whose clock is `ahead`. */
  | { readonly does: 'step-up'; readonly id: Id; readonly ahead: number }
  | { readonly does: 'wait'; readonly time: number }
  /** Some minutes pass in which no timer fires, as on a machine that sleeps. */
  | { readonly does: 'sleep'; readonly time: number }
  /** The store answers one of the calls that wait, in any order; with `well` false it fails. */
  | { readonly does: 'answer'; readonly call: number; readonly well: boolean }
  | { readonly does: 'flush' };

const id = fc.constantFrom(...IDS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant('use'), id, token: fc.constantFrom('current', 'previous') }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('step-up'), id, ahead: fc.constantFrom(0, 0, 0, DAY) }) },
  {
    weight: 5,
    arbitrary: fc.record({ does: fc.constant('wait'), time: fc.constantFrom(1, 5, 50, 1_000, 2_000, 6_000) }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('sleep'), time: fc.constantFrom(20_000, 60_000) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('answer'), call: fc.nat(3), well: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('flush') }) },
);

/** How far promises get before the next step: some turns of the microtasks, or all there are. */
const turns = fc.constantFrom(0, 1, 2, 3, 5, Infinity);

/** What a request has shown, and the store has to hear of. */
interface Shown {
  readonly id: Id;
  readonly at: number;
  readonly tokenHash: TokenHash;
  readonly used: boolean;
  readonly wrong: boolean;
}

function arrange() {
  const clock = manualClock();
  const { sessions } = memoryStore();
  const shown: Shown[] = [];
  const waiting: { answer(): void; fail(): void }[] = [];
  const scene = { healthy: false, failures: 0, active: 0, calls: 0, tokens: 0 };

  /** Does it when the test says so, and late ones as well. */
  function later<T>(run: () => Promise<T>): Promise<T> {
    scene.active += 1;
    scene.calls += 1;
    assert.equal(scene.active, 1, 'two writes at once');
    const answered = new Promise<T>((resolve, reject) => {
      const call = {
        answer: () => resolve(run()),
        fail: () => reject(new Error('The store is on fire.')),
      };
      if (scene.healthy) setTimeout(call.answer, LATENCY);
      else waiting.push(call);
    });
    return withTimeout(answered, STORE_TIMEOUT).finally(() => {
      scene.active -= 1;
    });
  }

  const store: Pick<SessionStore, 'touch' | 'change'> = {
    touch: (touches, now) => later(() => sessions.touch(touches, now)),
    // A change of long ago would take what came since for ahead; a store drops it unrun, and says so.
    change: (rowId, change, now) =>
      later(async () => {
        if (clock.now() - now >= STORE_TIMEOUT) throw new Error('The store has dropped it.');
        return sessions.change(rowId, change, now);
      }),
  };
  const emit = createEmit(() => {
    scene.failures += 1;
  }, clock);
  const queue = createTouchQueue({ store, clock, emit, touchInterval: TOUCH_INTERVAL });

  async function rowOf(rowId: Id): Promise<SessionRow> {
    const row = await sessions.get(rowId);
    assert.ok(row);
    return row;
  }

  async function insert(): Promise<void> {
    const now = clock.now();
    for (const rowId of IDS) {
      const row = sessionRow({
        id: rowId,
        delivery: rowId.startsWith('cookie') ? 'cookie' : 'bearer',
        createdAt: now,
        authenticatedAt: now,
        lastSeenAt: now,
        idleExpiresAt: now + 9 * DAY,
        expiresAt: now + 9 * DAY,
        tokenHash: nextToken(),
        tokenIssuedAt: now,
        tokenConfirmedAt: now,
        generation: 0,
        passedMethods: [],
        idleLifetime: null,
        persistent: true,
        restricted: false,
        impersonator: null,
      });
      await sessions.insert({ row, replaces: null, cap: null, now });
    }
  }

  function nextToken(): TokenHash {
    scene.tokens += 1;
    return hashToken(new Uint8Array(32).fill(scene.tokens));
  }

  async function use(rowId: Id, token: 'current' | 'previous'): Promise<void> {
    const row = await rowOf(rowId);
    const at = clock.now();
    const isCurrent = token === 'current';
    const wrong = row.tokenIssuedAt > at + HOUR;
    const settled = row.delivery === 'bearer' || wrong || row.tokenIssuedAt <= at - 45_000;
    shown.push({ id: rowId, at, tokenHash: row.tokenHash, used: isCurrent && settled, wrong });
    const settings = { idleLifetime: HOUR, touchInterval: TOUCH_INTERVAL };
    const sighting = sightingOf(row, believed(row, at), { presented: isCurrent ? row.tokenHash : null }, at, settings);
    if (sighting !== null) queue.note(sighting);
  }

  async function stepUp(rowId: Id, ahead: number): Promise<void> {
    const { tokenHash: presented } = await rowOf(rowId);
    const made = { presented, nonce: 'nonce', tokenHash: nextToken(), method: 'totp', makesProof: true };
    await sessions.change(rowId, { type: 'step-up', ...made }, clock.now() + ahead);
  }

  async function wait(time: number): Promise<void> {
    for (let left = time; left > 0; left -= 100) {
      const part = Math.min(left, 100);
      clock.set(clock.now() + part);
      jest.advanceTimersByTime(part);
      await settle();
    }
  }

  async function assertWritten(expected: readonly Shown[]): Promise<void> {
    for (const { id: rowId, at, tokenHash, used, wrong } of expected) {
      const row = await rowOf(rowId);
      assert.ok(row.lastSeenAt >= at - TOUCH_INTERVAL, `${rowId} was not written as seen`);
      if (row.tokenHash !== tokenHash) continue; // another came, and decides alone
      if (used) assert.notEqual(row.tokenConfirmedAt, null, `${rowId} was not confirmed`);
      if (wrong) assert.ok(row.tokenIssuedAt <= clock.now(), `${rowId} was not put right`);
    }
  }

  async function flush(): Promise<void> {
    const before = [...shown];
    const { failures } = scene;
    await queue.flush();
    if (scene.failures === failures) await assertWritten(before);
  }

  return { scene, clock, queue, shown, waiting, insert, use, stepUp, wait, flush, assertWritten };
}

async function settle(count = Infinity): Promise<void> {
  if (count === Infinity) await new Promise(setImmediate);
  else for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

async function play(steps: readonly (readonly [Step, number])[], ends: 'by itself' | 'closed'): Promise<void> {
  const { scene, clock, queue, shown, waiting, insert, use, stepUp, wait, flush, assertWritten } = arrange();
  const flushes: Promise<void>[] = [];
  await insert();
  for (const [next, then] of steps) {
    if (next.does === 'use') await use(next.id, next.token);
    else if (next.does === 'step-up') await stepUp(next.id, next.ahead);
    else if (next.does === 'wait') await wait(next.time);
    else if (next.does === 'sleep') clock.set(clock.now() + next.time);
    else if (next.does === 'flush') flushes.push(flush());
    else {
      const [call] = waiting.splice(next.call, 1);
      if (next.well) call?.answer();
      else call?.fail();
    }
    await settle(then);
  }

  scene.healthy = true; // what waits runs into its timeout
  const closed = ends === 'closed' ? queue.close() : null;
  await wait(BOUND);
  await assertWritten(shown);
  await Promise.all([...flushes, closed]);

  if (closed === null) return;
  const { calls } = scene;
  for (const rowId of IDS) await stepUp(rowId, 0);
  for (const rowId of IDS) await use(rowId, 'current');
  await wait(BOUND);
  assert.equal(scene.calls, calls, 'it went on after it was closed');
}

describe('whatever comes in whatever order, the touch queue', () => {
  for (const ends of ['by itself', 'closed'] as const) {
    it(`writes all that it was told within its bound, ${ends}`, async () => {
      const steps = fc.array(fc.tuple(step, turns), { minLength: 1, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(steps, async (run) => {
          fakeTimers(['setTimeout']);
          try {
            await play(run, ends);
          } finally {
            jest.useRealTimers();
          }
        }),
        { numRuns: 500 },
      );
    });
  }
});
