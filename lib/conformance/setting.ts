import { hashToken, type TokenHash } from '../internal/tokens.js';

/** When a case happens. Far from the real time, so that a store's own clock would show. */
export const NOW: number = Date.UTC(2002, 1, 3, 4, 5, 6, 789);

export const MINUTE = 60_000;
export const HOUR: number = 60 * MINUTE;

/** The hash of a token which is told from others by a name. */
export function hashOf(name: string): TokenHash {
  return hashToken(new TextEncoder().encode(name));
}

/** Starts `count` operations before the first is answered. */
export async function parallel<T>(count: number, start: (n: number) => Promise<T>): Promise<readonly T[]> {
  return await Promise.all(Array.from({ length: count }, (_, n) => start(n)));
}
