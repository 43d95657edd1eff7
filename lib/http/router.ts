import type { IncomingMessage, ServerResponse } from 'node:http';
import bodyParser from 'body-parser';
import Router from 'router';
import type { EndJson } from '../wire.js';
import { membersOf, Refusal, refusalFrom, TITLE } from './refusal.js';
import type { Middleware } from './require-session.js';

/** A request on one of our routes, with the parameters of its path. */
export interface RouteRequest extends IncomingMessage {
  readonly params: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export type RouteHandler = (req: RouteRequest, res: ServerResponse) => Promise<void>;

/** The handlers of each path by method. */
export type RouteTable = Readonly<Record<string, Readonly<Partial<Record<RouteMethod, RouteHandler>>>>>;

type RouteMethod = 'get' | 'post' | 'patch' | 'delete';

const MAX_BYTES = 65_536;
/** A form that holds another one, encoded twice. */
const MAX_FORM_BYTES = 262_144;

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

/**
 * Answers with the refusal as problem+json (RFC 9457) that no cache keeps. Does nothing when an answer was begun, for
 * example by a time-out of the app.
 */
export function sendRefusal(res: ServerResponse, refusal: Refusal): void {
  if (res.headersSent) return;
  const { status, code, message: detail } = refusal;
  res.statusCode = status;
  for (const [name, value] of Object.entries(refusal.headers)) res.setHeader(name, value);
  res.setHeader('Cache-Control', 'no-store');
  sendBody(res, 'application/problem+json', {
    type: 'about:blank',
    title: TITLE[status],
    status,
    code,
    detail,
    ...membersOf(refusal),
  });
}

export function sendJson(res: ServerResponse, status: number, body: object): void {
  if (res.headersSent) return;
  res.statusCode = status;
  sendBody(res, 'application/json; charset=utf-8', body);
}

/** An end as clients get it: theirs may be another clock. */
export function endJson(expiresAt: number, now: number): EndJson {
  return { expiresAt, expiresIn: Math.max(0, Math.floor((expiresAt - now) / 1_000)) };
}

/** 204; nothing when an answer was begun. */
export function sendNothing(res: ServerResponse): void {
  if (res.headersSent) return;
  res.statusCode = 204;
  res.end();
}

function sendBody(res: ServerResponse, contentType: string, body: object): void {
  const text = JSON.stringify(body);
  res.setHeader('Content-Type', contentType);
  res.setHeader('Content-Length', Buffer.byteLength(text));
  res.end(text);
}

/**
 * Makes a middleware that reads a JSON object into `req.body`, before or after a parser of the app: 413 beyond 64 KiB,
 * 415 for a body that isn't JSON, 400 for one that is broken. A request without a body passes.
 */
function createJsonBody(): Middleware {
  const parse = bodyParser.json({ limit: MAX_BYTES, inflate: false, type: () => true, verify: refuseOtherTypes });
  return function jsonBody(req, res, next) {
    const announced = announcesBody(req);
    if (announced === false) return next();
    if (announced === null)
      req.headers['transfer-encoding'] = 'chunked'; // else body-parser would take it for empty
    else if (!isJson(req)) return next(new Refusal('unsupported_media_type'));
    if (Number(req.headers['content-length'] ?? 0) > MAX_BYTES) return next(new Refusal('body_too_large'));
    parse(req, res, (error?: unknown) => next(error === undefined ? undefined : refusalOf(error)));
  };
}

/** Makes a middleware that reads a form into `req.body` where no parser of the app has: 413 beyond 256 KiB. */
export function createFormBody(): Middleware {
  const parse = bodyParser.urlencoded({ extended: false, limit: MAX_FORM_BYTES, inflate: false });
  return function formBody(req, res, next) {
    parse(req, res, (error?: unknown) => next(error === undefined ? undefined : refusalOf(error)));
  };
}

/** Whether headers say that a body comes; null where only the end of the stream tells, which HTTP/2 allows. */
function announcesBody(req: IncomingMessage): boolean | null {
  const length = req.headers['content-length'];
  if (length !== undefined) return length !== '0';
  if (req.headers['transfer-encoding'] !== undefined) return true;
  return req.httpVersionMajor < 2 || req.method === 'GET' || req.method === 'HEAD' ? false : null;
}

/** For a body whose type could not be judged before it was there. */
function refuseOtherTypes(req: IncomingMessage, _res: unknown, body: Buffer): void {
  if (body.length > 0 && !isJson(req)) throw new Refusal('unsupported_media_type');
}

function isJson(req: IncomingMessage): boolean {
  return /^application\/json *(?:;|$)/i.test(req.headers['content-type'] ?? '');
}

/** body-parser's errors say by `status` what is wrong; their messages may quote the body, so they stay inside. */
function refusalOf(error: unknown): Refusal {
  const { status } = error as { status?: unknown }; // a thrown value can be anything
  if (status === 413) return new Refusal('body_too_large');
  return new Refusal(status === 415 ? 'unsupported_media_type' : 'request_invalid');
}

/**
 * The fields of the request's JSON object; an absent body counts as an empty one. Refuses another kind of body and
 * unknown fields, which are a client's mistake that would go unseen.
 */
export function parseFields<Name extends string>(
  req: IncomingMessage,
  names: readonly Name[],
): Readonly<Partial<Record<Name, unknown>>> {
  const body = bodyOf(req);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Refusal('request_invalid');
  const allowed: readonly string[] = names;
  if (Object.keys(body).some((name) => !allowed.includes(name))) {
    throw new Refusal('request_invalid', { detail: `This route takes ${names.join(', ') || 'no fields'}.` });
  }
  return body as Partial<Record<Name, unknown>>; // it has been looked through just now
}

function bodyOf(req: IncomingMessage): unknown {
  const { body = {} } = req as { body?: unknown }; // whichever parser ran has put it there
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return body;
  if (body.length === 0) return {};
  throw new Refusal('request_invalid', {
    detail: 'Another parser has read the body, and not as JSON: put the router before it.',
  });
}

function queryOf(req: IncomingMessage): URLSearchParams {
  return new URLSearchParams(/\?(.*)/s.exec(req.url ?? '')?.[1]);
}

/** The members of the query, each there at most once. Refuses any other, which would go unseen. */
export function parseQuery<Name extends string>(
  req: IncomingMessage,
  names: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const query = queryOf(req);
  const allowed: readonly string[] = names;
  const given = [...query.keys()];
  if (given.some((name, index) => !allowed.includes(name) || given.indexOf(name) !== index)) {
    throw new Refusal('request_invalid', { detail: `This route takes ${names.join(', ')} in its query, each once.` });
  }
  return Object.fromEntries(query) as Partial<Record<Name, string>>; // it has been looked through just now
}

/**
 * Whether the query is exactly this one; false when there is none. Anything else is refused: a misspelt
 * `keep=current` would end the session that it was meant to keep.
 */
export function hasQuery(req: IncomingMessage, only: `${string}=${string}`): boolean {
  const query = queryOf(req).toString();
  if (query === '') return false;
  if (query === only) return true;
  throw new Refusal('request_invalid', { detail: `The only query of this route is ?${only}.` });
}
