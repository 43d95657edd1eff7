import { SetupError } from './setup-error.js';

/**
 * What the names of all that a store keeps begin with: the option `prefix`, by default `stepgate`. Throws a `SetupError`
 * for one that doesn't fit into every name.
 */
export function parsePrefix(prefix: unknown = 'stepgate'): string {
  if (typeof prefix === 'string' && /^[a-z][a-z0-9_]{0,15}$/.test(prefix)) return prefix;
  throw new SetupError(
    '`prefix` must be a short name.',
    "Write 1 to 16 small letters, digits or `_`, a letter first, for example 'staff'.",
  );
}
