import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createEmit, type StepgateEvent } from '../../lib/events.js';
import { hashToken } from '../../lib/internal/token-hash.js';
import { createTouchQueue } from '../../lib/session/touch-queue.js';
import type { SessionRow, SessionStore, Touch } from '../../lib/stores/contract/sessions.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { sessionRow } from '../../lib/testing/conformance/session-rows.js';
import { type ManualClock, manualClock } from '../../lib/testing/manual-clock.js';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const TOKEN = hashToken(new Uint8Array(32));

interface Scene {
  readonly queue: ReturnType<typeof createTouchQueue>;
  readonly clock: ManualClock;
  readonly events: StepgateEvent[];
  /** The batches that were written. */
  readonly batches: (readonly Touch[])[];
  /** What the store does with a batch instead of writing it. */
  behave: (() => Promise<void>) | null;
}

function arrange(): Scene {
  const clock = manualClock();
  const events: StepgateEvent[] = [];
  const batches: (readonly Touch[])[] = [];
  const store: SessionStore = {
    ...memoryStore().sessions,
    async touch(touches) {
      await scene.behave?.();
      batches.push(touches);
    },
  };
  const emit = createEmit((event) => events.push(event), clock);
  const queue = createTouchQueue({ store, clock, emit, idleLifetime: HOUR, touchInterval: MINUTE });
  const scene: Scene = { queue, clock, events, batches, behave: null };
  return scene;
}

/** A session that was seen an hour before the clock's start. */
function row(clock: ManualClock, overrides: Partial<SessionRow> = {}): SessionRow {
  const now = clock.now();
  return sessionRow({
    id: 'a',
    createdAt: now - HOUR,
    authenticatedAt: now - HOUR,
    lastSeenAt: now - HOUR,
    idleExpiresAt: now + 9 * HOUR,
    expiresAt: now + 9 * HOUR,
    tokenHash: TOKEN,
    tokenIssuedAt: now - HOUR,
    tokenConfirmedAt: now - HOUR,
    generation: 0,
    passedMethods: [],
    ...overrides,
  });
}

/** The same, with a token that nobody has used yet. */
function unused(clock: ManualClock, overrides: Partial<SessionRow> = {}): SessionRow {
  return row(clock, { delivery: 'bearer', tokenConfirmedAt: null, ...overrides });
}

const fail = () => Promise.reject(new Error('The store is on fire.'));

describe('the touch queue', () => {
  it('writes when it is flushed: when the session was seen, and where its idle end slides to', async () => {
    const { queue, clock, batches } = arrange();
    const seenAt = clock.now();
    queue.note(row(clock), null);
    assert.deepEqual(batches, []);
    clock.advance('10s');
    await queue.flush();
    assert.deepEqual(batches, [[{ id: 'a', seenAt, idleExpiresAt: seenAt + HOUR, confirms: null }]]);
    await queue.flush();
    assert.equal(batches.length, 1);
  });

  it('slides no idle end past the absolute end', async () => {
    const { queue, clock, batches } = arrange();
    const expiresAt = clock.now() + HOUR - 1;
    queue.note(row(clock, { expiresAt }), null);
    await queue.flush();
    assert.equal(batches[0]?.[0]?.idleExpiresAt, expiresAt);
  });

  it('notes a session once an interval, from when the store last heard of it', async () => {
    const { queue, clock, batches } = arrange();
    const seen = row(clock, { lastSeenAt: clock.now() });
    queue.note(seen, null);
    clock.advance(59.999);
    queue.note(seen, null);
    await queue.flush();
    assert.deepEqual(batches, []);
    clock.advance(0.001);
    queue.note(seen, null);
    await queue.flush();
    assert.equal(batches.length, 1);
  });

  it('notes a session once an interval while what it noted waits or is being written', async () => {
    const scene = arrange();
    const { queue, clock, batches } = scene;
    const seen = row(clock);
    const firstAt = clock.now();
    let write = (): void => {};
    scene.behave = () =>
      new Promise((resolve) => {
        write = resolve;
      });
    queue.note(seen, null);
    clock.advance(59.999);
    queue.note(seen, null);
    const flushed = queue.flush();
    queue.note(seen, null);
    scene.behave = null;
    write();
    await flushed;
    await queue.flush();
    assert.deepEqual(
      batches.flat().map(({ seenAt }) => seenAt),
      [firstAt],
    );
  });

  it('takes the latest time when a session is seen again while it waits', async () => {
    const { queue, clock, batches } = arrange();
    queue.note(row(clock), null);
    clock.advance('1m');
    queue.note(row(clock), null);
    await queue.flush();
    assert.deepEqual(
      batches.flat().map(({ seenAt }) => seenAt),
      [clock.now()],
    );
  });

  it('notes the first use of a token at once, and once', async () => {
    const { queue, clock, batches } = arrange();
    const seen = unused(clock, { lastSeenAt: clock.now() });
    queue.note(seen, TOKEN);
    queue.note(seen, TOKEN);
    queue.note(seen, null);
    await queue.flush();
    assert.deepEqual(
      batches.flat().map(({ confirms }) => confirms),
      [TOKEN],
    );
  });

  it('keeps a first use when the session is seen again', async () => {
    const { queue, clock, batches } = arrange();
    queue.note(unused(clock), TOKEN);
    clock.advance('1m');
    queue.note(row(clock), null);
    await queue.flush();
    assert.deepEqual(
      batches.flat().map(({ confirms, seenAt }) => [confirms, seenAt]),
      [[TOKEN, clock.now()]],
    );
  });

  it('writes batches of 1,000', async () => {
    const { queue, clock, batches } = arrange();
    for (let index = 0; index < 2_500; index += 1) queue.note(row(clock, { id: `${index}` }), null);
    await queue.flush();
    assert.deepEqual(
      batches.map(({ length }) => length),
      [1_000, 1_000, 500],
    );
    assert.equal(new Set(batches.flat().map(({ id }) => id)).size, 2_500);
  });

  it('keeps what it could not write for the next flush, and says so in an event', async () => {
    const scene = arrange();
    const { queue, clock, events, batches } = scene;
    scene.behave = fail;
    queue.note(unused(clock), TOKEN);
    queue.note(row(clock, { id: 'b' }), null);
    await queue.flush(); // which does not reject
    const [event] = events;
    assert.equal(event?.type, 'touch.failed');
    assert.deepEqual([event.pending, event.dropped, event.at], [2, 0, clock.now()]);
    assert.match(String(event.error), /on fire/);
    scene.behave = null;
    await queue.flush();
    assert.deepEqual(
      batches.flat().map(({ id, confirms }) => [id, confirms]),
      [
        ['a', TOKEN],
        ['b', null],
      ],
    );
  });

  it('keeps what is newer, and the first use, when a batch comes back', async () => {
    const scene = arrange();
    const { queue, clock, batches } = scene;
    scene.behave = async () => {
      clock.advance('1m');
      queue.note(row(clock), null);
      return fail();
    };
    queue.note(unused(clock), TOKEN);
    await queue.flush();
    scene.behave = null;
    await queue.flush();
    const { seenAt, confirms } = batches[0]?.[0] ?? {};
    assert.deepEqual([seenAt, confirms, batches.length], [clock.now(), TOKEN, 1]);
  });

  it('stops at the batch that fails', async () => {
    const scene = arrange();
    const { queue, clock, events, batches } = scene;
    scene.behave = fail;
    for (let index = 0; index < 2_500; index += 1) queue.note(row(clock, { id: `${index}` }), null);
    await queue.flush();
    assert.equal(events.length, 1);
    scene.behave = null;
    await queue.flush();
    assert.equal(new Set(batches.flat().map(({ id }) => id)).size, 2_500);
  });

  it('shares a flush that is under way, and writes what came meanwhile as well', async () => {
    const scene = arrange();
    const { queue, clock, batches } = scene;
    scene.behave = async () => {
      scene.behave = null;
      queue.note(row(clock, { id: 'b' }), null);
    };
    queue.note(row(clock), null);
    await Promise.all([queue.flush(), queue.flush()]);
    assert.deepEqual(
      batches.map((batch) => batch.map(({ id }) => id)),
      [['a'], ['b']],
    );
  });

  it('holds 100,000 sessions and drops what comes on top, which the next event tells', async () => {
    const scene = arrange();
    const { queue, clock, events } = scene;
    const seen = row(clock);
    for (let index = 0; index < 100_007; index += 1) queue.note({ ...seen, id: `${index}` }, null);
    scene.behave = fail;
    await queue.flush();
    const [event] = events;
    assert.equal(event?.type, 'touch.failed');
    assert.deepEqual([event.pending, event.dropped], [100_000, 7]);
    await queue.flush();
    const again = events[1];
    assert.deepEqual(again?.type === 'touch.failed' && again.dropped, 0);
  });

  it('writes what is left when it is closed, and notes nothing more', async () => {
    const { queue, clock, batches } = arrange();
    queue.note(row(clock), null);
    await queue.close();
    assert.equal(batches.length, 1);
    queue.note(unused(clock, { id: 'b' }), TOKEN);
    await queue.flush();
    await queue.close();
    assert.equal(batches.length, 1);
  });

  it('closes though the store fails', async () => {
    const scene = arrange();
    scene.behave = fail;
    scene.queue.note(row(scene.clock), null);
    await scene.queue.close();
    assert.equal(scene.events.length, 1);
  });
});

describe('in the background', () => {
  /** Lets the queue's timers run by hand. */
  function arrangeTimers(t: TestContext): Scene {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    return arrange();
  }
  const written = () => new Promise(setImmediate);

  it('the touch queue writes a second after a session was seen', async (t) => {
    const { queue, clock, batches } = arrangeTimers(t);
    queue.note(row(clock), null);
    t.mock.timers.tick(999);
    await written();
    assert.equal(batches.length, 0);
    t.mock.timers.tick(1);
    await written();
    assert.equal(batches.length, 1);
  });

  it('the touch queue writes the first use of a token at once, and what waits with it', async (t) => {
    const { queue, clock, batches } = arrangeTimers(t);
    queue.note(row(clock), null);
    queue.note(unused(clock, { id: 'b' }), TOKEN);
    t.mock.timers.tick(1);
    await written();
    assert.deepEqual(
      batches.flat().map(({ id }) => id),
      ['a', 'b'],
    );
  });

  it('the touch queue tries again five seconds after a failure', async (t) => {
    const scene = arrangeTimers(t);
    const { queue, clock, batches } = scene;
    scene.behave = fail;
    queue.note(row(clock), null);
    t.mock.timers.tick(1_000);
    await written();
    scene.behave = null;
    t.mock.timers.tick(4_999);
    await written();
    assert.equal(batches.length, 0);
    t.mock.timers.tick(1);
    await written();
    assert.equal(batches.length, 1);
  });

  it('the touch queue goes on after a timer that fires while a write is under way', async (t) => {
    const scene = arrangeTimers(t);
    const { queue, clock, batches } = scene;
    let answer = (): void => {};
    scene.behave = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    queue.note(unused(clock, { id: 'a' }), TOKEN);
    t.mock.timers.tick(5);
    queue.note(unused(clock, { id: 'b' }), TOKEN);
    t.mock.timers.tick(15);
    answer();
    await written();
    answer();
    await written();
    scene.behave = null;
    queue.note(unused(clock, { id: 'c' }), TOKEN);
    t.mock.timers.tick(1);
    await written();
    assert.deepEqual(
      batches.flat().map(({ id }) => id),
      ['a', 'b', 'c'],
    );
  });

  it('nothing is written any more when the touch queue is closed', async (t) => {
    const scene = arrangeTimers(t);
    scene.behave = fail;
    scene.queue.note(row(scene.clock), null);
    await scene.queue.close();
    scene.behave = null;
    t.mock.timers.tick(60_000);
    await written();
    assert.equal(scene.batches.length, 0);
  });
});
