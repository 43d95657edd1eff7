import { jest } from '@jest/globals';
import { cleanUp } from './clean-up.js';

const FAKEABLE = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

/** Fakes these and no others (supertest needs the real ones), until the test has ended. */
export function fakeTimers(only: readonly ('Date' | 'setTimeout' | 'setInterval')[], now?: number): void {
  const doNotFake = FAKEABLE.filter(
    (name) => !only.some((one) => name === one || name === one.replace('set', 'clear')),
  );
  jest.useFakeTimers({ doNotFake, ...(now === undefined ? {} : { now }) });
  cleanUp(() => jest.useRealTimers());
}
