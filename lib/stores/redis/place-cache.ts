import type { TokenHash } from '../../internal/tokens.js';

/** Where a session's row is. It never changes. */
export interface Place {
  readonly userId: string;
  readonly id: string;
}

/** About 4 MiB: two for each session. */
const MAX = 20_000;

/**
 * Where tokens and ids led to, those used last: so the row is read at once. A token or an id never leads to another
 * session, and that a session is over or has another token shows in the row, which is read.
 */
export interface PlaceCache {
  get(name: TokenHash | string): Place | null;
  put(name: TokenHash | string, place: Place): void;
}

export function createPlaceCache(): PlaceCache {
  const places = new Map<string, Place>();
  return {
    get: (name) => places.get(name) ?? null,
    put(name, place) {
      places.delete(name); // so that it comes last
      places.set(name, place);
      const [oldest] = places.keys();
      if (places.size > MAX && oldest !== undefined) places.delete(oldest);
    },
  };
}
