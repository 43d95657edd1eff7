import { isPromise } from '../internal/maybe-promise.js';
import type { Services } from '../services.js';
import { sentFrom } from './client.js';
import { type OnRefusal, Refusal } from './refusal.js';
import type { Middleware } from './require-session.js';
import { isUnsafe } from './same-origin.js';

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
