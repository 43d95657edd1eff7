import type { SessionStore } from '../../lib/stores/contract/sessions.js';
import type { Store } from '../../lib/stores/contract/store.js';

export type Operation = keyof SessionStore;

export interface FaultyStore extends Store {
  /** Every operation in the order of the calls. */
  readonly calls: Operation[];
  /** From now on the operation does this; `run` is what it would have done. */
  replace(operation: Operation, behave: (run: () => unknown) => unknown): void;
  mend(): void;
}

/** Another store, whose operations on sessions can be made to fail; `watch` gets what each is called with. */
export function faultyStore<S extends Store>(
  store: S,
  watch: (args: readonly unknown[]) => void = () => {},
): S & FaultyStore {
  const calls: Operation[] = [];
  const replaced = new Map<Operation, (run: () => unknown) => unknown>();
  const sessions = new Proxy(store.sessions, {
    get: (target, operation: Operation) => {
      return (...args: never[]): unknown => {
        calls.push(operation);
        watch(args);
        const run = (): unknown => (target[operation] as (...args: never[]) => unknown)(...args); // whichever it is
        const behave = replaced.get(operation);
        return behave === undefined ? run() : behave(run);
      };
    },
  });
  return {
    ...store,
    sessions,
    calls,
    replace: (operation, behave) => void replaced.set(operation, behave),
    mend: () => replaced.clear(),
  };
}
