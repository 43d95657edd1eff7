import type { Store } from '../contract/store.js';
import { memorySessions } from './sessions.js';

/** Keeps everything in this process: for tests and a first look. It is gone when the process ends. */
export function memoryStore(): Store {
  return { sessions: memorySessions() };
}
