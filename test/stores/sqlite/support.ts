import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { hashToken } from '../../../lib/internal/tokens.js';
import type { InsertSession, ListUserSessions, SessionRow } from '../../../lib/stores/contract/sessions.js';
import { type SqliteStore, type SqliteStoreOptions, sqliteStore } from '../../../lib/stores/sqlite/index.js';
import { cleanUp } from '../../support/clean-up.js';

export const NOW = Date.UTC(2026, 0, 1);

/** The path of a file that isn't there yet, in a folder that goes with the test. */
export function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-sqlite-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'sessions.db');
}

/** A test that isn't about deadlines meets none, however slow the machine. */
const PATIENT: SqliteStoreOptions = { timeout: '1m' };

export type OpenStore = SqliteStore & { readonly close: () => Promise<void> };

export function openStore(file: string, options: SqliteStoreOptions = PATIENT): OpenStore {
  const store = sqliteStore(file, options);
  const close = async () => store.close?.();
  cleanUp(close);
  return { ...store, close };
}

export function newRow(over: Partial<SessionRow> = {}): SessionRow {
  return {
    id: randomUUID(),
    userId: 'user-1',
    delivery: 'cookie',
    createdAt: NOW,
    authenticatedAt: NOW,
    lastSeenAt: NOW,
    idleExpiresAt: NOW + 3_600_000,
    expiresAt: NOW + 86_400_000,
    userAgent: 'a browser',
    ip: '192.0.2.1',
    label: null,
    data: null,
    tokenHash: hashToken(randomBytes(32)),
    previousTokenHash: null,
    tokenNonce: null,
    tokenMethod: null,
    tokenIssuedAt: NOW,
    tokenConfirmedAt: NOW,
    refreshHash: null,
    parentRefreshHash: null,
    refreshNonce: null,
    refreshedAt: null,
    refreshConfirmedAt: null,
    amr: ['pwd'],
    acr: null,
    generation: 0,
    passedMethods: [],
    idleLifetime: null,
    persistent: true,
    restricted: false,
    impersonator: null,
    signInProofs: { password: NOW },
    stepUpProofs: {},
    ...over,
  };
}

export function inserting(row: SessionRow): InsertSession {
  return { row, replaces: null, cap: null, now: NOW };
}

/** The first page of a user's sessions. */
export function listing(userId: string): ListUserSessions {
  return { userId, limit: 1_000, after: null, now: NOW };
}

/** Another connection to the file, as another process would have it. */
export function connect(file: string): Database.Database {
  const db = new Database(file, { timeout: 0 });
  cleanUp(() => db.close());
  return db;
}

/** Starts `children/<name>.js`. It is killed when the test ends. */
export function start(name: string, ...args: string[]): ChildProcess {
  const child = fork(new URL(`./children/${name}.js`, import.meta.url), args);
  cleanUp(() => child.kill('SIGKILL'));
  return child;
}

/** The child's next message. */
export async function messageOf(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, 'message');
  return message;
}
