import type { Database } from 'better-sqlite3';
import { type SessionReads, type SessionWrites, sessionReads, sessionWrites } from './sessions.js';

/** All that can be asked of a connection, by part and name. Each part is a file with two such tables. */
export type Reads = { readonly sessions: SessionReads };
export type Writes = { readonly sessions: SessionWrites };

export function prepareReads(db: Database): Reads {
  return { sessions: sessionReads(db) };
}

export function prepareWrites(db: Database): Writes {
  return { sessions: sessionWrites(db) };
}
