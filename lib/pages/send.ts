import type { ServerResponse } from 'node:http';
import { bodyOf, documentOf, POLICY, titleOf } from './markup.js';
import type { PageContent, RenderPage } from './page.js';

/** Where a request's pages are, and who makes their documents. */
export interface Site {
  /** Of the page: absolute. */
  readonly url: string;
  readonly render: RenderPage | null;
}

/** Goes to a place, as a GET. */
export function redirect(res: ServerResponse, place: string): void {
  if (res.headersSent) return;
  res.statusCode = 303;
  res.setHeader('Location', place);
  res.setHeader('Cache-Control', 'no-store');
  res.end();
}

/** Answers with a page that nobody keeps and nobody frames. */
export async function send(res: ServerResponse, { render }: Site, status: number, content: PageContent): Promise<void> {
  const title = titleOf(content);
  const body = bodyOf(content).markup;
  const text = render === null ? documentOf(title, body) : await render({ status, title, body, content });
  if (res.headersSent) return;
  res.statusCode = status;
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(text));
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Referrer-Policy', 'same-origin'); // under `no-referrer` older browsers hide the form's origin, too
  res.setHeader('X-Frame-Options', 'DENY');
  const own = [res.getHeader('Content-Security-Policy') ?? []].flat().map(String);
  // Two policies hold both: the app's for its own frame, and ours.
  const framing = "frame-ancestors 'none'; base-uri 'none'";
  res.setHeader('Content-Security-Policy', render === null ? POLICY : [...own, framing]);
  res.end(text);
}
