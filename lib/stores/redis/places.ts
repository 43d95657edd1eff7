import type { TokenHash } from '../../internal/token-hash.js';
import type { Place } from './hints.js';

/** About 3 MiB. */
const MAX = 10_000;

/**
 * Where tokens led to, those used last: so a request asks the server once, and not for the hint first. A token never
 * leads to another session, and that its session is over or has another token shows in the row, which is read.
 */
export interface Places {
  get(token: TokenHash): Place | null;
  put(token: TokenHash, place: Place): void;
}

export function createPlaces(): Places {
  const places = new Map<TokenHash, Place>();
  return {
    get: (token) => places.get(token) ?? null,
    put(token, place) {
      places.delete(token); // so that it comes last
      places.set(token, place);
      const [oldest] = places.keys();
      if (places.size > MAX && oldest !== undefined) places.delete(oldest);
    },
  };
}
