import { SetupError } from './setup-error.js';

/** The candidate that `word` was probably meant to be, or null when none is near. Letter case is no difference. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const difference = distance(word.toLowerCase(), candidate.toLowerCase());
    // Further apart than that, two words have too little in common to suggest one for the other.
    if (difference > Math.max(word.length, candidate.length) * 0.4 || difference >= least) continue;
    best = candidate;
    least = difference;
  }
  return best;
}

/**
 * Throws a `SetupError` for the first member of `object` that isn't in `allowed`, with what was probably meant.
 * `where` names the object in the message: `` `${where}.maxage` is unknown ``. Untyped code may hand in no object at all.
 */
export function refuseUnknownKeys(object: object, allowed: readonly string[], where: string): void {
  if (typeof object !== 'object' || object === null) {
    throw new SetupError(`\`${where}\` must be an object.`, 'Leave it out, or write one as its type shows.');
  }
  for (const key of Reflect.ownKeys(object)) {
    if (typeof key === 'string' && allowed.includes(key)) continue;
    const meant = nearest(String(key), allowed);
    throw new SetupError(
      `\`${where}.${String(key)}\` is unknown.`,
      meant === null
        ? `Write one of ${allowed.map((name) => `\`${name}\``).join(', ')}, or leave it out.`
        : `Did you mean \`${meant}\`?`,
    );
  }
}

/** How many letters to insert, delete, replace or swap with their neighbour turn one word into the other. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped =
        a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1] ? at(beforeLast, column - 2) + 1 : replaced;
      current.push(Math.min(replaced, swapped, at(last, column) + 1, at(current, column - 1) + 1));
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
