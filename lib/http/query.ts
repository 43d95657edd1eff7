import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.js';

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
