import { parseId, parseLimit, parseUserId } from '../internal/arguments.js';
import { SetupError } from '../internal/setup-error.js';
import { isId } from '../internal/tokens.js';
import { refuseUnknownKeys } from '../internal/unknown-keys.js';
import type { Services } from '../services.js';
import type { Session, SessionCursor, SessionRow } from '../stores/contract/sessions.js';
import { ownCall } from './own-call.js';
import { decodeCursor, encodeCursor } from './session-cursor.js';
import { publicSession } from './sessions.js';

/**
 * Sessions for the app's own code: no request, no cookie, no origin. Every call rejects with a `Refusal`
 * (`store_unavailable`) when the store fails, and with a `SetupError` for arguments that can't be meant: no user id, an
 * id that is undefined.
 */
export interface SessionAdmin {
  /** The user's live sessions, last seen first, a page at a time. */
  listForUser(userId: string, page?: PageOptions): Promise<SessionPage>;
  /** Live sessions of all users, by id, a page at a time. */
  list(page?: PageOptions): Promise<SessionPage>;
  /** Null when there is none, or it has ended. */
  get(id: string): Promise<Session | null>;
  /** Whoever's session it is. False when there is none. */
  revoke(id: string): Promise<boolean>;
  /** Only a session of this user. False when there is none. */
  revokeForUser(userId: string, id: string): Promise<boolean>;
  /**
   * Ends the user's sessions, and sign-ins that are under way. Gives the number of sessions. Where the app keeps its
   * sessions itself, it ends what was proved for them, and this is the only call beside `deleteExpired`.
   */
  revokeAllForUser(userId: string, options?: { readonly except?: string }): Promise<number>;
  /** Deletes what has expired; stepgate does so by itself every `cleanupInterval`. Gives the number of sessions. */
  deleteExpired(): Promise<number>;
}

export interface PageOptions {
  /** 1 to 1,000. @default 100 */
  readonly limit?: number | undefined;
  /** The `after` of the page before. @default null: the first page */
  readonly after?: string | null | undefined;
}

export interface SessionPage {
  readonly sessions: readonly Session[];
  /** Where the next page begins; null on the last one. */
  readonly after: string | null;
}

const MAX_PAGE = 1_000;
const PAGE = 100;
const SESSION_ID = 'a session id';

export function createSessionAdmin(
  services: Pick<Services, 'settings' | 'sessions' | 'keeper' | 'cleanup'>,
): SessionAdmin {
  const { sessions, keeper, cleanup } = services;
  const own = ownCall(services);
  return {
    listForUser: own('sessions.listForUser', async (userId, page) => {
      const { limit, after } = parsePage(page, decodeCursor);
      const rows = await sessions.listForUser(parseUserId(userId), limit, after);
      return pageOf(rows, limit, encodeCursor);
    }),
    list: own('sessions.list', async (page) => {
      const { limit, after } = parsePage(page, (value) => (isId(value) ? value : null));
      return pageOf(await sessions.list(limit, after), limit, ({ id }) => id);
    }),
    get: own('sessions.get', async (id) => {
      const row = isId(parseId('id', id, SESSION_ID)) ? await sessions.get(id) : null;
      return row === null ? null : publicSession(row);
    }),
    revoke: own(
      'sessions.revoke',
      async (id) => isId(parseId('id', id, SESSION_ID)) && sessions.revoke(id, null, 'admin'),
    ),
    revokeForUser: own('sessions.revokeForUser', async (userId, id) => {
      const owner = parseUserId(userId);
      return isId(parseId('id', id, SESSION_ID)) && sessions.revoke(id, owner, 'admin');
    }),
    async revokeAllForUser(userId, options = {}) {
      refuseUnknownKeys(options, ['except'], 'options'); // a misspelt one would end the session that is to be kept
      const { except } = options;
      const kept = except === undefined ? null : parseId('except', except, SESSION_ID);
      const owner = parseUserId(userId);
      return keeper.revokeAllForUser(owner, kept, 'admin');
    },
    deleteExpired: () => cleanup.deleteExpired(),
  };
}

function parsePage<After extends string | SessionCursor>(
  page: PageOptions = {},
  read: (after: unknown) => After | null,
): { readonly limit: number; readonly after: After | null } {
  refuseUnknownKeys(page, ['limit', 'after'], 'page');
  const { limit = PAGE, after = null } = page;
  const place = after === null ? null : read(after);
  if (after !== null && place === null) {
    throw new SetupError('`after` must be the `after` of a page.', 'Leave it out for the first page.');
  }
  return { limit: parseLimit(limit, MAX_PAGE), after: place };
}

/** A full page may be the last one: the next is empty then. */
function pageOf(rows: readonly SessionRow[], limit: number, afterOf: (last: SessionRow) => string): SessionPage {
  const last = rows.length < limit ? undefined : rows.at(-1);
  return { sessions: rows.map(publicSession), after: last === undefined ? null : afterOf(last) };
}
