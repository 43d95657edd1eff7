import type { IncomingMessage } from 'node:http';

/**
 * Whether a request is a browser's, for a page: a link or a form, whose `Accept` names HTML and likes it better than
 * JSON. A script's `*` is no wish for a page.
 */
export function wantsPage(req: IncomingMessage): boolean {
  const { method, originalMethod = method } = req as { method?: unknown; originalMethod?: unknown }; // of a method override
  if (originalMethod !== 'GET' && originalMethod !== 'HEAD' && originalMethod !== 'POST') return false;
  const accepted = parseAccept(req.headers.accept ?? '');
  const html = accepted.get('text/html') ?? 0;
  return (
    html > 0 && html > Math.max(accepted.get('application/json') ?? 0, accepted.get('application/problem+json') ?? 0)
  );
}

/** The quality of each type that is named; 1 where none is said (RFC 9110, 12.5.1). */
function parseAccept(header: string): ReadonlyMap<string, number> {
  return new Map(
    header.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [type, quality === undefined ? 1 : Number(quality) || 0] as const;
    }),
  );
}
