import { hashTokenWithKey, newToken, type TokenHash } from '../internal/tokens.js';
import type { Services } from '../services.js';

/**
 * With what an admin who acts as a user goes back. It stands in the place of the admin's session token, under another
 * hash: so it is no session token, nor the other way round.
 */
export interface ReturnTokens {
  issue(): { readonly token: Uint8Array; readonly hash: TokenHash };
  /** One for each secret that it may have been made under. */
  hashesOf(token: Uint8Array): readonly TokenHash[];
}

export function createReturnTokens({ secrets }: Pick<Services, 'secrets'>): ReturnTokens {
  const [first] = secrets;
  const keys = secrets.map((secret) => secret.key('return token'));
  return {
    issue() {
      const token = newToken();
      return { token, hash: hashTokenWithKey(first.key('return token'), token) };
    },
    hashesOf: (token) => keys.map((key) => hashTokenWithKey(key, token)),
  };
}
