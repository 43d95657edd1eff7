import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.js';

/**
 * Whether the query is exactly this one; false when there is none. Anything else is refused: a misspelt
 * `keep=current` would end the session that it was meant to keep.
 */
export function hasQuery(req: IncomingMessage, only: `${string}=${string}`): boolean {
  const query = new URLSearchParams(/\?(.*)/s.exec(req.url ?? '')?.[1]).toString();
  if (query === '') return false;
  if (query === only) return true;
  throw new Refusal('request_invalid', { detail: `The only query of this route is ?${only}.` });
}
