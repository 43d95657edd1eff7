import { SetupError } from './setup-error.js';

// The checks of what an app hands to our calls: each gives the value back, or throws a `SetupError`. A store may take
// a number for text, or nothing at all for "whoever's", so that a wrong id must not get that far.

const MAX_USER_ID = 255;

export function parseUserId(userId: unknown): string {
  if (isStorable(userId) && userId !== '' && userId.length <= MAX_USER_ID) return userId;
  throw new SetupError(
    `\`userId\` must be a string of 1 to ${MAX_USER_ID} characters, without NUL and without half a surrogate pair.`,
    'Write for example `String(user.id)`.',
  );
}

/** Any text may be an id: what names nothing is absent, and no mistake. `what` says in the message whose id it is. */
export function parseId(name: string, id: unknown, what: string): string {
  if (isStorable(id)) return id;
  throw new SetupError(
    `\`${name}\` must be ${what}, a string without NUL and without half a surrogate pair.`,
    `Look where it comes from: it is ${id === null ? 'null' : typeof id}.`,
  );
}

export function parseLimit(limit: unknown, most: number): number {
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= most) return limit;
  throw new SetupError(`\`limit\` must be a whole number from 1 to ${most}.`, 'Leave it out for 100.');
}

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

/** Whether this is text that every store gives back as it was: it has no lone surrogate and no NUL. */
export function isStorable(value: unknown): value is string {
  return typeof value === 'string' && storable(value) === value;
}

/** The text without NULs, and with U+FFFD for each lone surrogate. */
export function storable(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '');
}
