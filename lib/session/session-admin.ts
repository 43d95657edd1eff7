import { refuseUnknownKeys } from '../internal/nearest.js';
import { SetupError } from '../internal/setup-error.js';
import type { Session } from '../stores/contract/sessions.js';
import type { Cleanup } from './cleanup.js';
import { publicSession, type Sessions } from './sessions.js';

/** Sessions for the app's own code: no request, no cookie, no origin. Every call rejects with a `Refusal` (`store_unavailable`) when the store fails. */
export interface SessionAdmin {
  /** The user's live sessions, last seen first. */
  listForUser(userId: string): Promise<readonly Session[]>;
  /** Live sessions of all users, a page at a time; `after` is null on the last page. */
  list(page?: { readonly limit?: number; readonly after?: string | null }): Promise<SessionPage>;
  /** Null when there is none, or it is over. */
  get(id: string): Promise<Session | null>;
  /** Whoever's session it is. False when there is none. */
  revoke(id: string): Promise<boolean>;
  /** Only a session of this user. False when there is none. */
  revokeForUser(userId: string, id: string): Promise<boolean>;
  /** Ends the user's sessions, and sign-ins that are under way. Gives the number of sessions. */
  revokeAllForUser(userId: string, options?: { readonly except?: string }): Promise<number>;
  /** Deletes what is over; the kit does so by itself every `cleanupInterval`. Gives the number of sessions. */
  deleteExpired(): Promise<number>;
}

export interface SessionPage {
  readonly sessions: readonly Session[];
  readonly after: string | null;
}

const MAX_PAGE = 1_000;

export function createSessionAdmin(sessions: Sessions, cleanup: Cleanup): SessionAdmin {
  return {
    listForUser: async (userId) => (await sessions.listForUser(userId)).map(publicSession),
    async list(page = {}) {
      refuseUnknownKeys(page, ['limit', 'after'], 'page');
      const { limit = 100, after = null } = page;
      if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
        throw new SetupError('`limit` is out of range.', `Write a whole number from 1 to ${MAX_PAGE}.`);
      }
      const rows = await sessions.list(limit, after);
      return { sessions: rows.map(publicSession), after: rows.length < limit ? null : (rows.at(-1)?.id ?? null) };
    },
    async get(id) {
      const row = await sessions.get(id);
      return row === null ? null : publicSession(row);
    },
    revoke: (id) => sessions.revoke(id, null, 'admin'),
    revokeForUser: (userId, id) => sessions.revoke(id, userId, 'admin'),
    async revokeAllForUser(userId, options = {}) {
      refuseUnknownKeys(options, ['except'], 'options'); // a misspelt one would end the session that is to be kept
      return sessions.revokeAllForUser(userId, options.except ?? null, 'admin');
    },
    deleteExpired: () => cleanup.deleteExpired(),
  };
}
