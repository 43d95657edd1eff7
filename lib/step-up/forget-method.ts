import type { Clock } from '../internal/clock.js';
import type { Store } from '../stores/contract/store.js';

/**
 * Takes away what was proved with a method that the user has just lost, in all of the user's sessions: its proofs and
 * grants, and whatever challenge is open. Doing it again does no harm, so that a removal which failed half-way is
 * finished by the next.
 */
export type ForgetMethod = (userId: string, method: string) => Promise<void>;

export function createForgetMethod({ sessions, grants, challenges }: Store, clock: Clock): ForgetMethod {
  return async (userId, method) => {
    await sessions.changeAllOfUser(userId, { type: 'drop-method', method }, clock.now());
    await grants?.dropForUser(userId, method);
    await challenges?.dropForUser(userId);
  };
}
