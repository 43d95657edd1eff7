import type { Emit } from '../events.js';
import { isPromise, type MaybePromise } from '../internal/maybe-promise.js';

/** The store threw, rejected, hung past the timeout or answered with something that isn't in its contract. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';

  constructor(operation: string, cause: unknown) {
    super(`The store failed at ${operation}.`, { cause });
  }
}

/**
 * Runs one store operation. `isExpected` tells an answer of the contract from garbage. Every failure becomes a
 * `StoreFault` and a `store.failed` event.
 */
export type StoreCall = <T>(
  operation: string,
  run: () => MaybePromise<T>,
  isExpected: (answer: T) => boolean,
) => MaybePromise<T>;

export function createStoreCall(timeout: number, emit: Emit): StoreCall {
  const fault = (operation: string, cause: unknown): StoreFault => {
    emit({ type: 'store.failed', operation, error: cause });
    return new StoreFault(operation, cause);
  };
  return (operation, run, isExpected) => {
    const checked = <T>(answer: T, expected: (answer: T) => boolean): T => {
      if (expected(answer)) return answer;
      throw fault(operation, new TypeError('The answer is not in the contract of the store.'));
    };
    let answer: ReturnType<typeof run>;
    try {
      answer = run();
    } catch (error) {
      throw fault(operation, error);
    }
    if (!isPromise(answer)) return checked(answer, isExpected);
    return withTimeout(answer, timeout).then(
      (value) => checked(value, isExpected),
      (error: unknown) => {
        throw fault(operation, error);
      },
    );
  };
}

function withTimeout<T>(promise: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer within ${timeout} ms.`)), timeout);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
