import assert from 'node:assert/strict';
import { describe, it, jest } from '@jest/globals';
import { sessionRow } from '../../lib/conformance/session-rows.js';
import { createEmit, type StepgateEvent } from '../../lib/events.js';
import { hashToken, type TokenHash } from '../../lib/internal/tokens.js';
import { sightingOf } from '../../lib/session/sessions.js';
import { createTouchQueue, type TouchQueue } from '../../lib/session/touch-queue.js';
import { believed } from '../../lib/stores/contract/session-state.js';
import type { SessionRow, SessionStore, Touch } from '../../lib/stores/contract/sessions.js';
import { type ManualClock, manualClock } from '../../lib/testing/manual-clock.js';
import { fakeTimers } from '../support/fake-timers.js';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TOKEN = hashToken(new Uint8Array(32));

interface Scene {
  readonly queue: Omit<TouchQueue, 'note'> & {
    /** What a request does that uses the session: `presented` is its current token, when it brought that. */
    note(stored: SessionRow, presented: TokenHash | null): void;
  };
  readonly clock: ManualClock;
  readonly events: StepgateEvent[];
  /** The batches that were written. */
  readonly batches: (readonly Touch[])[];
  /** The changes that were asked for. */
  readonly changes: unknown[];
  /** What the store does with a batch instead of writing it. */
  behave: (() => Promise<void>) | null;
  /** What the app does at an event. */
  hear: () => void;
}

function arrange(): Scene {
  const clock = manualClock();
  const events: StepgateEvent[] = [];
  const batches: (readonly Touch[])[] = [];
  const changes: unknown[] = [];
  const store: Pick<SessionStore, 'touch' | 'change'> = {
    async touch(touches) {
      await scene.behave?.();
      batches.push(touches);
    },
    async change(id, change, now) {
      await scene.behave?.();
      changes.push([id, change, now, batches.length]);
      return null;
    },
  };
  const emit = createEmit((event) => {
    events.push(event);
    scene.hear();
  }, clock);
  const touchQueue = createTouchQueue({ store, clock, emit, touchInterval: MINUTE });
  const queue: Scene['queue'] = {
    ...touchQueue,
    note(stored, presented) {
      const now = clock.now();
      const settings = { idleLifetime: HOUR, touchInterval: MINUTE };
      const sighting = sightingOf(stored, believed(stored, now), { presented }, now, settings);
      if (sighting !== null) touchQueue.note(sighting);
    },
  };
  const scene: Scene = { queue, clock, events, batches, changes, behave: null, hear: () => {} };
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
    idleLifetime: null,
    persistent: true,
    restricted: false,
    impersonator: null,
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

  it('tells what it dropped when every write goes well, too', async () => {
    const { queue, clock, events } = arrange();
    const seen = row(clock);
    for (let index = 0; index < 100_003; index += 1) queue.note({ ...seen, id: `${index}` }, null);
    await queue.flush();
    await queue.flush();
    const [event] = events;
    assert.equal(event?.type, 'touch.failed');
    assert.deepEqual([event.pending, event.dropped, events.length], [0, 3, 1]);
    assert.match(String(event.error), /100000 sessions/);
  });

  it('forgets nothing that it drops while the app hears of a failure', async () => {
    const scene = arrange();
    const { queue, clock, events } = scene;
    const seen = row(clock);
    for (let index = 0; index < 100_000; index += 1) queue.note({ ...seen, id: `${index}` }, null);
    scene.behave = fail;
    scene.hear = () => queue.note({ ...seen, id: 'late' }, null);
    await queue.flush();
    scene.hear = () => {};
    await queue.flush();
    assert.deepEqual(
      events.map((event) => event.type === 'touch.failed' && event.dropped),
      [0, 1],
    );
  });

  it('ends a flush though sessions are seen all the while', async () => {
    const scene = arrange();
    const { queue, clock, batches } = scene;
    let count = 0;
    scene.behave = async () => {
      count += 1;
      queue.note(row(clock, { id: `${count}` }), null);
    };
    queue.note(row(clock), null);
    await queue.flush();
    assert.equal(batches.length, 1);
  });

  it('notes nothing from the moment that it is being closed', async () => {
    const scene = arrange();
    const { queue, clock, batches } = scene;
    scene.behave = async () => queue.note(row(clock, { id: 'late' }), null);
    queue.note(row(clock), null);
    await queue.close();
    await queue.flush();
    assert.deepEqual(
      batches.flat().map(({ id }) => id),
      ['a'],
    );
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

describe('the touch queue takes a token as used', () => {
  const confirmed = async (overrides: Partial<SessionRow>, presented: TokenHash | null = TOKEN) => {
    const { queue, clock, batches } = arrange();
    queue.note(row(clock, { tokenConfirmedAt: null, ...overrides }), presented);
    await queue.flush();
    return batches.flat().map(({ confirms }) => confirms);
  };
  const now = manualClock().now();

  for (const delivery of ['cookie', 'token-cookies'] as const) {
    it(`from 45 seconds on, with ${delivery}`, async () => {
      assert.deepEqual(await confirmed({ delivery, tokenIssuedAt: now - 44_999 }), [null]);
      assert.deepEqual(await confirmed({ delivery, tokenIssuedAt: now - 45_000 }), [TOKEN]);
    });

    it(`when a clock that was ahead has dated it, with ${delivery}`, async () => {
      assert.deepEqual(await confirmed({ delivery, tokenIssuedAt: now + 5_000 }), [null]);
      assert.deepEqual(await confirmed({ delivery, tokenIssuedAt: now + 5_001 }), [TOKEN]);
      assert.deepEqual(await confirmed({ delivery, tokenIssuedAt: now + DAY }), [TOKEN]);
    });
  }

  it('at once, with bearer', async () => {
    assert.deepEqual(await confirmed({ delivery: 'bearer', tokenIssuedAt: now }), [TOKEN]);
  });

  it('only when it was presented, and once', async () => {
    assert.deepEqual(await confirmed({}, null), [null]);
    assert.deepEqual(await confirmed({ tokenConfirmedAt: now - 1 }), [null]);
  });

  it('when it is used again after 45 seconds, within the interval', async () => {
    const { queue, clock, batches } = arrange();
    const seen = row(clock, { tokenConfirmedAt: null, tokenIssuedAt: now, lastSeenAt: now });
    clock.advance(44.999);
    queue.note(seen, TOKEN);
    await queue.flush();
    assert.equal(batches.length, 0);
    clock.advance(0.001);
    queue.note(seen, TOKEN);
    await queue.flush();
    assert.equal(batches.flat()[0]?.confirms, TOKEN);
  });
});

describe('after a clock was ahead the touch queue', () => {
  const CORRECTION = { type: 'correct-times' };

  it('has the times put right before it writes', async () => {
    const { queue, clock, batches, changes } = arrange();
    const now = clock.now();
    queue.note(row(clock, { lastSeenAt: now + DAY, idleExpiresAt: now + DAY + HOUR }), null);
    queue.note(row(clock, { id: 'b' }), null);
    clock.advance('1s');
    await queue.flush();
    assert.deepEqual(changes, [['a', CORRECTION, clock.now(), 0]]);
    assert.deepEqual(
      batches.flat().map(({ id, seenAt }) => [id, seenAt]),
      [
        ['a', now],
        ['b', now],
      ],
    );
  });

  it('slides no idle end past the absolute end as it is put right', async () => {
    const { queue, clock, batches } = arrange();
    const now = clock.now();
    queue.note(row(clock, { createdAt: now + DAY, expiresAt: now + DAY + 1_000 }), null);
    await queue.flush();
    assert.equal(batches.flat()[0]?.idleExpiresAt, now + 1_000);
  });

  it('leaves a row alone that is ten minutes ahead', async () => {
    const { queue, clock, batches, changes } = arrange();
    queue.note(row(clock, { lastSeenAt: clock.now() + 600_000 }), null);
    await queue.flush();
    assert.deepEqual([changes, batches], [[], []]);
    queue.note(row(clock, { lastSeenAt: clock.now() + 600_001 }), null);
    await queue.flush();
    assert.equal(changes.length, 1);
  });

  it('asks for a correction once, and again when it fails', async () => {
    const scene = arrange();
    const { queue, clock, events, batches, changes } = scene;
    const wrong = row(clock, { tokenIssuedAt: clock.now() + DAY, lastSeenAt: clock.now() });
    queue.note(wrong, null);
    queue.note(wrong, null);
    scene.behave = fail;
    await queue.flush();
    assert.deepEqual([events.length, batches.length], [1, 0]);
    scene.behave = null;
    await queue.flush();
    await queue.flush();
    assert.deepEqual([changes.length, batches.length], [1, 1]);
  });

  it('notes a session again that it noted before the clock was put right', async () => {
    const { queue, clock, batches } = arrange();
    const seen = row(clock);
    const now = clock.now();
    clock.set(now + DAY);
    queue.note(seen, null);
    clock.set(now);
    queue.note(seen, null);
    await queue.flush();
    assert.deepEqual(
      batches.flat().map(({ seenAt, idleExpiresAt }) => [seenAt, idleExpiresAt]),
      [[now, now + HOUR]],
    );
  });
});

describe('in the background', () => {
  /** Lets the queue's timers run by hand. */
  function arrangeTimers(): Scene {
    fakeTimers(['setTimeout']);
    return arrange();
  }
  const written = () => new Promise(setImmediate);

  it('the touch queue writes a second after a session was seen', async () => {
    const { queue, clock, batches } = arrangeTimers();
    queue.note(row(clock), null);
    jest.advanceTimersByTime(999);
    await written();
    assert.equal(batches.length, 0);
    jest.advanceTimersByTime(1);
    await written();
    assert.equal(batches.length, 1);
  });

  it('the touch queue writes the first use of a token at once, and what waits with it', async () => {
    const { queue, clock, batches } = arrangeTimers();
    queue.note(row(clock), null);
    queue.note(unused(clock, { id: 'b' }), TOKEN);
    jest.advanceTimersByTime(1);
    await written();
    assert.deepEqual(
      batches.flat().map(({ id }) => id),
      ['a', 'b'],
    );
  });

  it('the touch queue tries again five seconds after a failure', async () => {
    const scene = arrangeTimers();
    const { queue, clock, batches } = scene;
    scene.behave = fail;
    queue.note(row(clock), null);
    jest.advanceTimersByTime(1_000);
    await written();
    scene.behave = null;
    jest.advanceTimersByTime(4_999);
    await written();
    assert.equal(batches.length, 0);
    jest.advanceTimersByTime(1);
    await written();
    assert.equal(batches.length, 1);
  });

  it('the touch queue goes on after a timer that fires while a write is under way', async () => {
    const scene = arrangeTimers();
    const { queue, clock, batches } = scene;
    let answer = (): void => {};
    scene.behave = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    queue.note(unused(clock, { id: 'a' }), TOKEN);
    jest.advanceTimersByTime(5);
    queue.note(unused(clock, { id: 'b' }), TOKEN);
    jest.advanceTimersByTime(15);
    answer();
    await written();
    answer();
    await written();
    scene.behave = null;
    queue.note(unused(clock, { id: 'c' }), TOKEN);
    jest.advanceTimersByTime(1);
    await written();
    assert.deepEqual(
      batches.flat().map(({ id }) => id),
      ['a', 'b', 'c'],
    );
  });

  it('nothing is written any more when the touch queue is closed', async () => {
    const scene = arrangeTimers();
    scene.behave = fail;
    scene.queue.note(row(scene.clock), null);
    await scene.queue.close();
    scene.behave = null;
    jest.advanceTimersByTime(60_000);
    await written();
    assert.equal(scene.batches.length, 0);
  });
});
