import type { TokenHash } from '../../internal/tokens.js';

/** Where a session's row is. It never changes. */
export interface Place {
  readonly userId: string;
  readonly id: string;
}

/** Two for each session. As many again may be there from the generation before: about 14 MiB in all. */
const GENERATION = 50_000;

/**
 * Where tokens and ids led to, at least the 50,000 used last: so the row is read at once. A token or an id never leads to
 * another session, and that a session has expired or has another token shows in the row, which is read.
 */
export interface PlaceCache {
  get(name: TokenHash | string): Place | null;
  put(name: TokenHash | string, place: Place): void;
}

/** In two generations: a `Map` that loses its first entry at each call steps over thousands of holes to find the next. */
export function createPlaceCache(): PlaceCache {
  let young = new Map<string, Place>();
  let old: ReadonlyMap<string, Place> = new Map();
  return {
    get: (name) => young.get(name) ?? old.get(name) ?? null,
    put(name, place) {
      if (young.has(name)) return;
      if (young.size === GENERATION) {
        old = young;
        young = new Map();
      }
      young.set(name, place);
    },
  };
}
