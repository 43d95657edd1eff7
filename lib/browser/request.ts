import { StepgateError } from './errors.js';

export interface ClientRequestInit extends Omit<RequestInit, 'body'> {
  /** A function gives a new stream for each time that the request is sent: over HTTP/2, as browsers want it. */
  readonly body?: Exclude<BodyInit, ReadableStream> | (() => ReadableStream) | null;
  /** A body in JSON. */
  readonly json?: unknown;
  /** Whether the user is asked to confirm. @default true */
  readonly stepUp?: boolean;
}

/**
 * Makes the same request each time, to the byte, whatever has become of the objects that it was made of. Throws
 * `stream_body`, and what `Request` throws for what is no request.
 */
export function requestMaker(
  input: RequestInfo | URL,
  { body = null, json, ...init }: ClientRequestInit,
): () => Request {
  if (body instanceof ReadableStream) throw new StepgateError('stream_body');
  const text = JSON.stringify(json) as string | undefined; // of undefined
  const isStream = typeof body === 'function'; // no other body is a function
  const template = new Request(input, {
    ...init,
    body: text ?? (isStream ? null : body),
  });
  if (text) template.headers.set('Content-Type', 'application/json');
  // `duplex` is in no types yet; browsers want it said.
  return () => (isStream ? new Request(template, { body: body(), duplex: 'half' } as RequestInit) : template.clone());
}
