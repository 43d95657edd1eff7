import type { Services } from '../services.js';

/**
 * Takes away what was proved with a method that the user has just lost, in all of the user's sessions: its proofs and
 * grants, and whatever challenge is open. Doing it again does no harm, so that a removal which failed half-way is
 * finished by the next.
 */
export type ForgetMethod = (userId: string, method: string) => Promise<void>;

export function createForgetMethod({ store, clock }: Pick<Services, 'store' | 'clock'>): ForgetMethod {
  return async (userId, method) => {
    await store.sessions.changeAllOfUser(userId, { type: 'drop-method', method }, clock.now());
    await store.grants?.dropForUser(userId, method);
    await store.challenges?.dropForUser(userId);
  };
}
