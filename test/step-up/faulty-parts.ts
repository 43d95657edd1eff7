import type { Store } from '../../lib/stores/contract/store.js';

type Operations = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

export interface FaultyParts extends Store {
  /** Every operation, as `sessions.find`, in the order of the calls. */
  readonly calls: string[];
  /** From now on the operation does this; `run` is what it would have done. */
  replace(operation: string, behave: (run: () => unknown) => unknown): void;
  mend(): void;
}

/** Another store, of which each operation of each part can be made to fail. */
export function faultyParts(store: Store): FaultyParts {
  const calls: string[] = [];
  const replaced = new Map<string, (run: () => unknown) => unknown>();
  const parts = Object.entries(store).map(([part, operations]) => {
    if (typeof operations === 'function') return [part, operations]; // `close`
    const faulty = Object.entries(operations as Operations).map(([name, operation]) => [
      name,
      (...args: readonly unknown[]): unknown => {
        const called = `${part}.${name}`;
        calls.push(called);
        const run = (): unknown => operation(...args);
        const behave = replaced.get(called);
        return behave === undefined ? run() : behave(run);
      },
    ]);
    return [part, Object.fromEntries(faulty)];
  });
  return {
    ...(Object.fromEntries(parts) as Store), // part by part what `store` has
    calls,
    replace: (operation, behave) => void replaced.set(operation, behave),
    mend: () => replaced.clear(),
  };
}
