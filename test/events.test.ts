import assert from 'node:assert/strict';
import { describe, it, jest } from '@jest/globals';
import { createEmit, type StepgateEvent } from '../lib/events.js';
import { manualClock } from '../lib/testing/manual-clock.js';

const FAILURES: readonly Parameters<ReturnType<typeof createEmit>>[0][] = [
  { type: 'dependency.failed', operation: 'sessions.find', error: new Error('on fire') },
  { type: 'touch.failed', pending: 1, dropped: 0, error: new Error('on fire') },
];
const CREATED = { type: 'session.created', userId: 'ada', sessionId: 'x', methods: ['password'] } as const;

describe('onEvent', () => {
  it('gets each event with the time of the clock', () => {
    const clock = manualClock();
    const events: StepgateEvent[] = [];
    const emit = createEmit((event) => events.push(event), clock);
    emit(CREATED);
    clock.advance('1h');
    emit(CREATED);
    assert.deepEqual(events, [
      { ...CREATED, at: clock.now() - 3_600_000 },
      { ...CREATED, at: clock.now() },
    ]);
  });

  it('that throws fails nobody; that goes to console.error', () => {
    const log = jest.spyOn(console, 'error').mockImplementation(() => {});
    const mistake = new Error('a mistake of the app');
    const emit = createEmit(() => {
      throw mistake;
    }, manualClock());
    emit(CREATED);
    assert.deepEqual(log.mock.calls, [['stepgate: onEvent failed', mistake]]);
  });

  it('that rejects fails nobody; that goes to console.error', async () => {
    const log = jest.spyOn(console, 'error').mockImplementation(() => {});
    const mistake = new Error('a mistake of the app');
    createEmit(() => Promise.reject(mistake), manualClock())(CREATED);
    await new Promise(setImmediate); // an unhandled rejection would fail this file
    assert.deepEqual(log.mock.calls, [['stepgate: onEvent failed', mistake]]);
  });

  it('takes over from console.error', () => {
    const log = jest.spyOn(console, 'error').mockImplementation(() => {});
    for (const failure of FAILURES) createEmit(() => {}, manualClock())(failure);
    assert.equal(log.mock.calls.length, 0);
  });
});

describe('without onEvent', () => {
  it('failures go to console.error, with their cause, and nothing else does', () => {
    const log = jest.spyOn(console, 'error').mockImplementation(() => {});
    const clock = manualClock();
    const emit = createEmit(undefined, clock);
    emit(CREATED);
    emit({ type: 'session.refused', reason: 'unknown' });
    for (const failure of FAILURES) emit(failure);
    assert.deepEqual(
      log.mock.calls,
      FAILURES.map((failure) => [`stepgate: ${failure.type}`, { ...failure, at: clock.now() }]),
    );
  });
});
