import { publicSession, type Sessions } from '../../session/sessions.js';
import { isId } from '../../session/tokens.js';
import type { CallerOf } from '../caller.js';
import type { Cookies } from '../cookies.js';
import { Refusal, sendJson } from '../refusal.js';
import type { StepUpCheck } from '../require-fresh-step-up.js';
import type { RouteRequest, RouteTable } from '../router.js';

export interface SessionRoutesDeps {
  readonly callerOf: CallerOf;
  readonly managerOf: CallerOf;
  readonly sessions: Sessions;
  readonly cookies: Cookies;
  /** What else is asked for before a session is ended. */
  readonly manage: StepUpCheck | null;
}

/** Where users see and end their own sessions. */
export function sessionRoutes({ callerOf, managerOf, sessions, cookies, manage }: SessionRoutesDeps): RouteTable {
  return {
    '/session': {
      async get(req, res) {
        const { session, proofs } = (await callerOf(req)).auth;
        sendJson(res, 200, { session, proofs });
      },
    },
    '/sessions': {
      async get(req, res) {
        const { row } = await callerOf(req);
        const rows = await sessions.listForUser(row.userId);
        sendJson(res, 200, {
          sessions: rows.map((other) => ({ ...publicSession(other), current: other.id === row.id })),
        });
      },
      async delete(req, res) {
        const { row } = await managerOf(req);
        const keep = keepsCurrent(req);
        await manage?.(req);
        await sessions.revokeAllForUser(row.userId, keep ? row.id : null, 'user');
        if (!keep) cookies.clear(res);
        noContent(res);
      },
    },
    '/sessions/:id': {
      async delete(req, res) {
        const { row } = await managerOf(req);
        await manage?.(req);
        const { id } = req.params;
        if (!isId(id) || !(await sessions.revoke(id, row.userId, 'user'))) throw new Refusal('not_found');
        if (id === row.id) cookies.clear(res);
        noContent(res);
      },
    },
  };
}

function keepsCurrent(req: RouteRequest): boolean {
  const query = [...new URLSearchParams((req.url ?? '').split('?')[1] ?? '')];
  if (query.length === 0) return false;
  const [first, ...more] = query;
  if (first?.[0] === 'keep' && first[1] === 'current' && more.length === 0) return true;
  // A misspelt `keep` must not end the session that it was meant to keep.
  throw new Refusal('request_invalid', { detail: 'The only query of this route is ?keep=current.' });
}

function noContent(res: { statusCode: number; end(): unknown }): void {
  res.statusCode = 204;
  res.end();
}
