import type { Emit } from '../events.js';
import { isPromise } from '../internal/maybe-promise.js';
import { clientAddress } from './client.js';
import { type OnRefusal, Refusal } from './refusal.js';
import type { Middleware } from './require-session.js';
import { isUnsafe, type OriginCheck } from './same-origin.js';

/** Refuses unsafe requests that pages of other origins sent, with 403 `cross_origin`. */
export function createRequireSameOrigin(isSameOrigin: OriginCheck, emit: Emit, onRefusal: OnRefusal): Middleware {
  return function requireSameOrigin(req, res, next) {
    if (!isUnsafe(req) || isSameOrigin(req)) return next();
    const ip = clientAddress(req);
    emit({ type: 'session.refused', reason: 'cross-origin', ...(ip === null ? {} : { ip }) });
    const answered = onRefusal(new Refusal('cross_origin'), req, res, next);
    if (isPromise(answered)) answered.catch(next);
  };
}
