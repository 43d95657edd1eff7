import type { Store } from '../stores/contract/store.js';

/** Drops what was granted on a session, and the challenges that could become grants. */
export async function dropGrants({ grants, challenges }: Store, sessionId: string): Promise<void> {
  await grants?.dropForSession(sessionId);
  await challenges?.dropForSession(sessionId);
}
