import type { SessionStore } from './sessions.js';

/** Where the kit keeps its rows. */
export interface Store {
  readonly sessions: SessionStore;
  /** Finishes what is under way and lets go of connections and threads that the store opened itself. */
  close?(): Promise<void>;
}
