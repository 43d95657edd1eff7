import type { Store } from '../../lib/stores/contract/store.js';

type Operations = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

export interface FaultyParts extends Store {
  /** Every operation, as `sessions.find`, in the order of the calls. */
  readonly calls: string[];
  /** From now on the operation does this. */
  replace(operation: string, behave: Behaviour): void;
  /**
   * From now on the `number`-th call (1, 2, …) does this, whichever operation it is. Touches, which stepgate writes in
   * its own time, and claims, which it makes once, don't count. What is given back says whether it came to that call.
   */
  at(number: number, behave: Behaviour): () => boolean;
  mend(): void;
}

/** What a call does; `run` is what it would have done. */
export type Behaviour = (run: () => unknown) => unknown;

/** Another store, of which each operation of each part can be made to fail. */
export function faultyParts(store: Store): FaultyParts {
  const calls: string[] = [];
  const replaced = new Map<string, Behaviour>();
  let next: { left: number; readonly behave: Behaviour } | null = null;

  /** What the call does, where it is the one that was counted out. */
  function counted(called: string): Behaviour | undefined {
    if (next === null || called === 'sessions.touch' || called.endsWith('.claim')) return undefined;
    next.left -= 1;
    if (next.left > 0) return undefined;
    const { behave } = next;
    next = null;
    return behave;
  }

  const parts = Object.entries(store).map(([part, operations]) => {
    if (typeof operations === 'function') return [part, operations]; // `close`
    const faulty = Object.entries(operations as Operations).map(([name, operation]) => [
      name,
      (...args: readonly unknown[]): unknown => {
        const called = `${part}.${name}`;
        calls.push(called);
        const run = (): unknown => operation(...args);
        const behave = counted(called) ?? replaced.get(called);
        return behave === undefined ? run() : behave(run);
      },
    ]);
    return [part, Object.fromEntries(faulty)];
  });
  return {
    ...(Object.fromEntries(parts) as Store), // part by part what `store` has
    calls,
    replace: (operation, behave) => void replaced.set(operation, behave),
    at(number, behave) {
      const armed = { left: number, behave };
      next = armed;
      return () => armed.left === 0;
    },
    mend() {
      replaced.clear();
      next = null;
    },
  };
}
