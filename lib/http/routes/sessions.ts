import { publicSession, type Sessions } from '../../session/sessions.js';
import { isId } from '../../session/tokens.js';
import type { CallerOf } from '../caller.js';
import type { Cookies } from '../cookies.js';
import { readFields } from '../json-body.js';
import { hasQuery } from '../query.js';
import { Refusal, sendJson, sendNothing } from '../refusal.js';
import type { StepUpCheck } from '../require-fresh-step-up.js';
import type { RouteTable } from '../router.js';

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
        readFields(req, []);
        const keep = hasQuery(req, 'keep=current');
        await manage?.(req);
        await sessions.revokeAllForUser(row.userId, keep ? row.id : null, 'user');
        if (!keep) cookies.clear(res);
        sendNothing(res);
      },
    },
    '/sessions/:id': {
      async delete(req, res) {
        const { row } = await managerOf(req);
        readFields(req, []);
        await manage?.(req);
        const { id } = req.params;
        if (!isId(id) || !(await sessions.revoke(id, row.userId, 'user'))) throw new Refusal('not_found');
        if (id === row.id) cookies.clear(res);
        sendNothing(res);
      },
    },
  };
}
