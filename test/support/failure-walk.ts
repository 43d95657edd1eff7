import assert from 'node:assert/strict';
import { jest } from '@jest/globals';
import type { Response } from 'supertest';
import type { Behaviour, FaultyParts } from '../step-up/faulty-parts.js';
import { assertRefused } from './answers.js';
import { fakeTimers } from './fake-timers.js';

/** After how many milliseconds a call that hangs has failed. */
export const HANGING = 5_000;

/** How a call of the store fails. */
export const faults: Readonly<Record<string, () => Behaviour>> = {
  'is refused': () => () => Promise.reject(new Error('the disk is full')),
  'is done, and its answer lost': () => async (run) => {
    await run();
    throw new Error('the connection is gone');
  },
  'never answers': () => {
    fakeTimers(['setTimeout']);
    return () => {
      setImmediate(() => jest.advanceTimersByTime(HANGING)); // once stepgate waits for it
      return new Promise(() => {});
    };
  },
};

/** An operation that is ready to run, with what has to hold when it has. */
export interface Walked {
  run(): Promise<Response | null>;
  /** Whether a failure may bring a new session token all the same: the one before has been replaced. */
  readonly renews?: boolean;
  /** The store is well again; `failed` says that the operation was not answered as done. */
  check(failed: boolean): Promise<void>;
}

const MAX_STEPS = 60;

/**
 * Lets the first call that an operation makes of its store fail, then the second of another such operation, and so on,
 * until one comes through. Each must say that the store failed, touch no cookie, and leave what its `check` wants.
 */
export async function walkFailures(
  store: FaultyParts,
  fault: Behaviour,
  prepare: (step: number) => Promise<Walked>,
): Promise<void> {
  for (let step = 1; step < MAX_STEPS; step += 1) {
    const { run, renews = false, check } = await prepare(step);
    const wasReached = store.at(step, fault);
    const failed = await hasFailed(run, renews);
    store.mend();
    const called = store.calls.slice(-3).join(', ');
    try {
      assert.equal(failed, wasReached());
      await check(failed);
    } catch (error) {
      throw new Error(`after call ${step}, the last of ${called}`, { cause: error });
    }
    if (!wasReached()) {
      assert.ok(step > 1);
      return;
    }
  }
  assert.fail('The operation has no end.');
}

async function hasFailed(run: Walked['run'], renews: boolean): Promise<boolean> {
  let response: Response | null;
  try {
    response = await run();
  } catch (error) {
    assert.equal(error instanceof Error && 'code' in error && error.code, 'store_unavailable');
    return true;
  }
  if (response === null || response.status < 300) return false;
  if (renews) assert.deepEqual([response.status, response.body.code], [500, 'store_unavailable']);
  else assertRefused(response, 500, 'store_unavailable');
  return true;
}
