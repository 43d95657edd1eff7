import { StepgateError } from './errors.js';

export function passed(seconds: number): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1_000, null);
  });
}

/** Rejects when somebody gives up; otherwise it never ends. */
export function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const cancel = (): void => reject(new StepgateError('cancelled', { cause: signal?.reason }));
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
  });
}

/** Gives up by itself when the promise has ended, whatever its end. */
export function abortedAfter(end: Promise<unknown>): AbortController {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  end.then(stop, stop);
  return controller;
}

/** Whoever calls while it runs waits for the same run. */
export function shared<A extends readonly unknown[], T>(work: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  let running: Promise<T> | undefined;
  return (...args) =>
    (running ??= work(...args).finally(() => {
      running = undefined;
    }));
}
