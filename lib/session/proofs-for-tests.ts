import type { ProofTimes, Session } from '../stores/contract/sessions.js';

/** A session that an app keeps, as `auth.current` and `GET {mount}/session` name it. */
export type KeptSession = Pick<Session, 'id' | 'userId' | 'delivery'>;

/**
 * Proofs that nobody gave, for an app's own tests: `signedIn` of `stepgate/testing` finds here what stepgate would need
 * a ceremony for. By the instance's object, and no member of it, so that no app comes upon it.
 */
export const proofsForTests: WeakMap<object, (session: KeptSession, proofs: ProofTimes) => Promise<Uint8Array>> =
  new WeakMap();
