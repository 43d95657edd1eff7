/** A request before it is bytes. */
export interface Draft {
  method: string;
  path: string;
  /** Without those of the framing. */
  headers: [name: string, value: string][];
  /** JSON, or bytes as they are. */
  body: unknown;
  framing: Framing;
  /** What was done to it. */
  readonly mutations: string[];
}

export interface Framing {
  /** Instead of a true `Content-Length`. */
  readonly headers: readonly string[] | null;
  /** The client goes away before all is sent. */
  readonly halfway: boolean;
}

export const TRUE_FRAMING: Framing = { headers: null, halfway: false };

export function bytesOf({ method, path, headers, body, framing }: Draft): Buffer {
  const sent = body === undefined ? Buffer.alloc(0) : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const length = body === undefined ? [] : [`Content-Length: ${sent.length}`];
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: app.example',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(framing.headers ?? length),
    ...(isPlain({ method, path, headers, framing }) ? [] : ['Connection: close']),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), sent]);
}

const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** What Node takes by default. */
const MAX_HEAD = 15_000;

/** Whether Node has to take it for one request with an answer that has a length. */
export function isPlain({ method, path, headers, framing }: Omit<Draft, 'body' | 'mutations'>): boolean {
  const head = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, path.length);
  return (
    framing.headers === null &&
    METHODS.has(method) &&
    head < MAX_HEAD &&
    /^\/[\x21-\x7e]*$/.test(path) &&
    headers.every(([name, value]) => /^[\w-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value)) &&
    !headers.some(([name]) => /^(?:connection|expect|upgrade)$/i.test(name))
  );
}
