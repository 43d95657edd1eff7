import { isAhead } from '../internal/clock.js';
import type { VerifyContext } from './method.js';

/**
 * Whether a credential of `createdAt` came after the question that it is to answer. A time that is ahead of the clock
 * says nothing: after a clock that was ahead was put right, its owner would otherwise be locked out for as long.
 */
export function isTooYoung(createdAt: number, { challenge, now }: Pick<VerifyContext, 'challenge' | 'now'>): boolean {
  return challenge !== null && createdAt >= challenge.createdAt && !isAhead(createdAt, now);
}
