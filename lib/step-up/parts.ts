import { SetupError } from '../internal/setup-error.js';
import type { Store, StoreParts } from '../stores/contract/store.js';

/** The part of the store. Throws a `SetupError` where it lacks it: with methods that is found at set-up. */
export function partOf<P extends keyof StoreParts>(store: Store, part: P): NonNullable<Store[P]> {
  const found = store[part];
  if (found !== undefined) return found;
  throw new SetupError(
    `The store has no part \`${part}\`.`,
    'Take one that has it, or put one together: `{ ...storeWithIt, sessions }`.',
  );
}

/** For a kit without methods, which can't do what it was asked for. */
export function noMethods(): SetupError {
  return new SetupError(
    '`methods` is empty.',
    'Give the kit at least one method, for example `[password({ verify })]`.',
  );
}
