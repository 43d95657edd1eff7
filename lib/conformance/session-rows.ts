import type {
  InsertOutcome,
  InsertSession,
  ListUserSessions,
  SessionRow,
  SessionStore,
} from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import { HOUR, hashOf, MINUTE, NOW } from './setting.js';

/** A live cookie session of `user`, with its token's hash made of its id. */
export function sessionRow(row: Partial<SessionRow> & { readonly id: string }): SessionRow {
  return {
    userId: 'user',
    delivery: 'cookie',
    createdAt: NOW - 3 * MINUTE,
    authenticatedAt: NOW - 4 * MINUTE,
    lastSeenAt: NOW - 2 * MINUTE,
    idleExpiresAt: NOW + HOUR,
    expiresAt: NOW + 10 * HOUR,
    userAgent: null,
    ip: null,
    label: null,
    data: null,
    tokenHash: hashOf(`${row.id} token`),
    previousTokenHash: null,
    tokenNonce: null,
    tokenMethod: null,
    tokenIssuedAt: NOW - 3 * MINUTE,
    tokenConfirmedAt: NOW - 3 * MINUTE,
    refreshHash: null,
    parentRefreshHash: null,
    refreshNonce: null,
    refreshedAt: null,
    refreshConfirmedAt: null,
    amr: ['pwd'],
    acr: null,
    generation: 0,
    passedMethods: [],
    signInProofs: { password: NOW - 4 * MINUTE },
    stepUpProofs: {},
    idleLifetime: null,
    persistent: true,
    restricted: false,
    impersonator: null,
    ...row,
  };
}

/** A live session with a refresh token that was rotated before: no field of it is null or empty. */
export function rotatedRow(row: Partial<SessionRow> & { readonly id: string }): SessionRow {
  return sessionRow({
    delivery: 'bearer',
    userAgent: 'a browser',
    ip: '192.0.2.1',
    label: 'my phone',
    data: { tenant: 'acme' },
    previousTokenHash: hashOf(`${row.id} previous token`),
    tokenNonce: `${row.id} token nonce`,
    tokenMethod: 'totp',
    tokenIssuedAt: NOW - 52_000,
    tokenConfirmedAt: NOW - 50_000,
    refreshHash: hashOf(`${row.id} refresh`),
    parentRefreshHash: hashOf(`${row.id} parent refresh`),
    refreshNonce: `${row.id} refresh nonce`,
    refreshedAt: NOW - 59_000,
    refreshConfirmedAt: NOW - 51_000,
    acr: 'urn:example:acr',
    generation: 3,
    passedMethods: ['totp'],
    stepUpProofs: { totp: NOW - 40_000 },
    idleLifetime: 1_234_567,
    persistent: false,
    restricted: true,
    impersonator: { userId: 'admin-a', sessionId: 'session-of-admin-a', reason: 'ticket 7' },
    ...row,
  });
}

export async function insert(
  sessions: SessionStore,
  row: SessionRow,
  rest: Partial<Omit<InsertSession, 'row'>> = {},
): Promise<InsertOutcome> {
  return await sessions.insert({ row, replaces: null, cap: null, now: NOW, ...rest });
}

/** Inserts rows that have to be there for a case. */
export async function given(sessions: SessionStore, ...rows: readonly SessionRow[]): Promise<void> {
  for (const row of rows) assert.equal((await insert(sessions, row)).outcome, 'inserted');
}

/** Those of these ids that the store has a row for, live or expired. */
export async function present(sessions: SessionStore, ...ids: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(ids.map(async (id) => await sessions.get(id)));
  return ids.filter((_id, index) => found[index] !== null);
}

export function idsOf(records: readonly { readonly id: string }[]): readonly string[] {
  return records.map(({ id }) => id);
}

/** The ids of all users' live sessions. */
export async function liveIds(sessions: SessionStore): Promise<readonly string[]> {
  return idsOf(await sessions.list({ limit: 1000, after: null, now: NOW }));
}

/** All live sessions of a user, or as many as the limit. */
export async function listOf(
  sessions: SessionStore,
  userId: string,
  list: Partial<ListUserSessions> = {},
): Promise<readonly SessionRow[]> {
  return await sessions.listForUser({ userId, limit: 1000, after: null, now: NOW, ...list });
}

/** For answers whose order isn't said. */
export function sortedIds(records: readonly { readonly id: string }[]): readonly string[] {
  return idsOf(records).toSorted();
}
