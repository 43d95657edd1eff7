import type { IncomingMessage } from 'node:http';
import { isPromise } from '../internal/maybe-promise.js';
import type { Services } from '../services.js';
import { sentFrom } from './client.js';
import { type OnRefusal, Refusal } from './refusal.js';
import type { Middleware } from './require-session.js';

export interface OriginOptions {
  /** The app's own origin. */
  readonly origin: string;
  /** Other origins whose pages may send unsafe requests. */
  readonly trustedOrigins: readonly string[];
  /** `'strict'` refuses unsafe requests that say nothing of where they come from. */
  readonly csrf: 'standard' | 'strict';
}

export type OriginCheck = (req: IncomingMessage) => boolean;

/**
 * Tells whether a request was sent by the app's own pages, by a trusted origin, or by no page at all. A browser says
 * where a request comes from in `Sec-Fetch-Site`, or in `Origin` where it is older; a page can forge neither.
 */
export function createOriginCheck({ origin, trustedOrigins, csrf }: OriginOptions): OriginCheck {
  const trusted = new Set(trustedOrigins);
  return (req) => {
    const source = req.headers.origin;
    const site = req.headers['sec-fetch-site'];
    // A browser writes http origins in small letters; the schemes of apps are written as the app has them.
    if (source !== undefined && trusted.has(source.toLowerCase())) return true;
    if (site !== undefined) return site === 'same-origin' || site === 'none';
    if (source !== undefined) return source === origin;
    return csrf === 'standard'; // no current browser sends an unsafe request with neither header
  };
}

const SAFE: ReadonlySet<unknown> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * A request that may change something. A WebSocket's upgrade is a GET, yet it opens a channel for what follows. Where a
 * method override ran before us, a page can call its POST a GET: the method that was sent counts, too.
 */
export function isUnsafe(req: IncomingMessage): boolean {
  const { method, originalMethod = method } = req as { method?: unknown; originalMethod?: unknown }; // set by the override
  return !SAFE.has(method) || !SAFE.has(originalMethod) || req.headers.upgrade !== undefined;
}

/** Refuses unsafe requests that pages of other origins sent, with 403 `cross_origin`. */
export function createRequireSameOrigin(
  { isSameOrigin, emit }: Pick<Services, 'isSameOrigin' | 'emit'>,
  onRefusal: OnRefusal,
): Middleware {
  return function requireSameOrigin(req, res, next) {
    if (!isUnsafe(req) || isSameOrigin(req)) return next();
    emit({ type: 'session.refused', reason: 'cross-origin', ...sentFrom(req) });
    const answered = onRefusal(new Refusal('cross_origin'), req, res, next);
    if (isPromise(answered)) answered.catch(next);
  };
}
