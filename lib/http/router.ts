import type { IncomingMessage, ServerResponse } from 'node:http';
import Router from 'router';
import { createJsonBody } from './json-body.js';
import { Refusal, refusalFrom, sendRefusal } from './refusal.js';
import type { Middleware } from './require-session.js';

/** A request on one of our routes, with the parameters of its path. */
export interface RouteRequest extends IncomingMessage {
  readonly params: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export type RouteHandler = (req: RouteRequest, res: ServerResponse) => Promise<void>;

/** The handlers of each path by method. */
export type RouteTable = Readonly<Record<string, Readonly<Partial<Record<RouteMethod, RouteHandler>>>>>;

type RouteMethod = 'get' | 'post' | 'patch' | 'delete';

/**
 * Makes one router of the tables. What is none of their paths goes on to the app, untouched; on ours nothing may be
 * cached, unsafe methods need the same origin, and every error becomes problem+json.
 */
export function createRouter(tables: readonly RouteTable[], requireSameOrigin: Middleware): Middleware {
  const router = Router();
  const jsonBody = createJsonBody();
  for (const [path, handlers] of tables.flatMap((table) => Object.entries(table))) {
    const route = router.route(path);
    route.all(noStore, requireSameOrigin);
    for (const [method, handler] of Object.entries(handlers)) route[method as RouteMethod](jsonBody, handler); // the keys of a RouteTable
    route.all(methodNotAllowed(Object.keys(handlers)));
  }
  router.use(answerError);
  return function stepgateRouter(req, res, next) {
    router(req, res, next);
  };
}

const noStore: Middleware = (_req, res, next) => {
  res.setHeader('Cache-Control', 'no-store');
  next();
};

function methodNotAllowed(methods: readonly string[]): Middleware {
  const allow = methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])).join(', ');
  return () => {
    throw new Refusal('method_not_allowed', { headers: { Allow: allow } });
  };
}

function answerError(error: unknown, _req: IncomingMessage, res: ServerResponse, next: (error: unknown) => void): void {
  const refusal = refusalFrom(error) ?? (isBadPath(error) ? new Refusal('request_invalid') : null);
  if (refusal === null) next(error);
  else sendRefusal(res, refusal);
}

/** A path with a broken percent-encoding: the router says so by the status of its error. */
function isBadPath(error: unknown): boolean {
  return (error as { status?: unknown } | null | undefined)?.status === 400; // anything can be thrown
}
