import type { TokenHash } from '../../internal/tokens.js';
import type { Place } from './lookup-keys.js';

/** About 3 MiB. */
const MAX = 10_000;

/**
 * Where tokens led to, those used last: so a request asks the server once, and not for the lookup key first. A token never
 * leads to another session, and that its session is over or has another token shows in the row, which is read.
 */
export interface TokenCache {
  get(token: TokenHash): Place | null;
  put(token: TokenHash, place: Place): void;
}

export function createTokenCache(): TokenCache {
  const tokenCache = new Map<TokenHash, Place>();
  return {
    get: (token) => tokenCache.get(token) ?? null,
    put(token, place) {
      tokenCache.delete(token); // so that it comes last
      tokenCache.set(token, place);
      const [oldest] = tokenCache.keys();
      if (tokenCache.size > MAX && oldest !== undefined) tokenCache.delete(oldest);
    },
  };
}
