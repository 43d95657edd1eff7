import type { IncomingMessage } from 'node:http';

/**
 * The absolute URL of a path on this origin, as a browser would read it; null for whatever would lead elsewhere, such as
 * `//evil.example` and `/\evil.example`, and for what is no path at all.
 */
export function placeAt(origin: string, path: unknown): string | null {
  if (typeof path !== 'string' || !path.startsWith('/') || !URL.canParse(path, origin)) return null;
  const url = new URL(path, origin);
  // A path with two slashes would be another site's name wherever it stood without its origin.
  if (url.origin !== origin || url.pathname.startsWith('//')) return null;
  return `${url.origin}${url.pathname}${url.search}`;
}

/** The path and query that the browser sent, whatever routers have cut off since. */
export function pathOf(req: IncomingMessage): string {
  const { originalUrl } = req as { originalUrl?: unknown }; // Connect and Express have it
  return typeof originalUrl === 'string' ? originalUrl : (req.url ?? '');
}

/** The part of the path at which the middleware that is running was mounted. */
export function mountOf(req: IncomingMessage): string {
  const { baseUrl } = req as { baseUrl?: unknown }; // Express has it
  if (typeof baseUrl === 'string') return baseUrl;
  const whole = withoutQuery(pathOf(req));
  const rest = withoutQuery(req.url ?? '');
  if (whole.endsWith(rest)) return whole.slice(0, -rest.length);
  return whole; // Connect gives '/' for the mount itself
}

export function withoutQuery(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
