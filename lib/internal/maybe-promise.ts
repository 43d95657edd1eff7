/**
 * A value, or the promise of one. A store whose reads are synchronous answers in the same turn of the event loop:
 * on the request's path a promise would cost more than the read itself.
 */
export type MaybePromise<T> = T | Promise<T>;

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'; // a thenable is what `await` takes, too
}

/** Goes on with the value, at once where it is there already. */
export function andThen<T, R>(value: MaybePromise<T>, use: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(use) : use(value);
}
