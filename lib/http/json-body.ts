import type { IncomingMessage } from 'node:http';
import bodyParser from 'body-parser';
import { Refusal } from './refusal.js';
import type { Middleware } from './require-session.js';

const MAX_BYTES = 65_536;

/**
 * Makes a middleware that reads a JSON object into `req.body` for routes that take one, before or after a parser of the app: 413 beyond 64 KiB,
 * 415 for a body that isn't JSON, 400 for one that is broken. A request without a body passes.
 */
export function createJsonBody(): Middleware {
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
