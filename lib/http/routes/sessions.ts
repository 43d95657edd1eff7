import type { IncomingMessage } from 'node:http';
import { isId } from '../../internal/tokens.js';
import type { Services } from '../../services.js';
import { decodeCursor, encodeCursor } from '../../session/session-cursor.js';
import { publicSession } from '../../session/sessions.js';
import type { SessionCursor, SessionRow } from '../../stores/contract/sessions.js';
import type { CurrentSessionJson, SessionJson, SessionsJson } from '../../wire.js';
import { Refusal } from '../refusal.js';
import type { LiveSession } from '../request-auth.js';
import type { StepUpCheck } from '../require-fresh-step-up.js';
import { endJson, hasQuery, parseFields, parseQuery, type RouteTable, sendJson, sendNothing } from '../router.js';

export interface SessionRouteOptions {
  /** What else is asked for before a session is ended. */
  readonly manage: StepUpCheck | null;
  /** Whether users see the `data` of their sessions. */
  readonly listData: boolean;
}

const MAX_PAGE = 100;

/** Where users see and end their own sessions; where the app keeps these, they see the one of the request only. */
export function sessionRoutes(
  {
    settings,
    requireCaller,
    requireCurrentToken,
    sessions,
    cookies,
    deliver,
    clock,
  }: Pick<
    Services,
    'settings' | 'requireCaller' | 'requireCurrentToken' | 'sessions' | 'cookies' | 'deliver' | 'clock'
  >,
  { manage, listData }: SessionRouteOptions,
): RouteTable {
  const current: RouteTable = {
    '/session': {
      async get(req, res) {
        const caller = await requireCaller(req);
        const { row, token, auth } = caller;
        if (token !== null && outlivesItsCookie(caller)) deliver(res, { row, token, refreshToken: null });
        const session = listedSession(row, listData, clock.now());
        sendJson(res, 200, { session, proofs: auth.proofs } satisfies CurrentSessionJson);
      },
    },
  };
  if (settings.session !== null) return current;
  return {
    ...current,
    '/sessions': {
      async get(req, res) {
        const { row } = await requireCaller(req);
        const { limit, after } = parsePage(req);
        const rows = await sessions.listForUser(row.userId, limit, after);
        const last = rows.length < limit ? undefined : rows.at(-1);
        const now = clock.now();
        sendJson(res, 200, {
          sessions: rows.map((other) => ({ ...listedSession(other, listData, now), current: other.id === row.id })),
          after: last === undefined ? null : encodeCursor(last),
        } satisfies SessionsJson);
      },
      async delete(req, res) {
        const { row } = await requireCurrentToken(req);
        parseFields(req, []);
        const keep = hasQuery(req, 'keep=current');
        await manage?.(req);
        await sessions.revokeAllForUser(row.userId, keep ? row.id : null, 'user');
        if (!keep) cookies.clear(res);
        sendNothing(res);
      },
    },
    '/sessions/:id': {
      async delete(req, res) {
        const { row } = await requireCurrentToken(req);
        parseFields(req, []);
        await manage?.(req);
        const { id } = req.params;
        if (!isId(id) || !(await sessions.revoke(id, row.userId, 'user'))) throw new Refusal('not_found');
        if (id === row.id) cookies.clear(res);
        sendNothing(res);
      },
    },
  };
}

/** Browsers keep no cookie longer, whatever its Max-Age (RFC 6265bis 5.5). Milliseconds. */
const LONGEST_COOKIE = 400 * 86_400_000;

/** Only with the token that its browser surely has: an answer that comes late must not put an older one back. */
function outlivesItsCookie({ row, byCurrentToken }: LiveSession): boolean {
  const { delivery, persistent, expiresAt, tokenIssuedAt, tokenConfirmedAt } = row;
  const isLong = delivery === 'cookie' && persistent && expiresAt - tokenIssuedAt > LONGEST_COOKIE;
  return isLong && byCurrentToken && tokenConfirmedAt !== null;
}

function parsePage(req: IncomingMessage): { readonly limit: number; readonly after: SessionCursor | null } {
  const { limit = `${MAX_PAGE}`, after } = parseQuery(req, ['limit', 'after']);
  const place = after === undefined ? null : decodeCursor(after);
  if (!/^[1-9]\d{0,2}$/.test(limit) || Number(limit) > MAX_PAGE || (after !== undefined && place === null)) {
    const detail = `\`limit\` is a number from 1 to ${MAX_PAGE}, \`after\` is that of the page before.`;
    throw new Refusal('request_invalid', { detail });
  }
  return { limit: Number(limit), after: place };
}

/** As its user's pages get it. What the app keeps in `data` may not be for the user's eyes. */
function listedSession(row: SessionRow, listData: boolean, now: number): SessionJson {
  const { data, ...rest } = publicSession(row);
  return { ...rest, ...endJson(row.expiresAt, now), ...(listData ? { data } : {}) };
}
