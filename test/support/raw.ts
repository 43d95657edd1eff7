import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { App } from './app.js';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface RawRequest {
  /** Method and path. */
  readonly start: string;
  /** Beside `Host` and `Connection`. */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Hangs up as soon as this is sent. */
  readonly halfway?: boolean;
}

/** Sends a request byte by byte as it is written here (one for each character), for what no HTTP client would send. */
export async function sendRaw(
  app: App,
  { start, headers = [], body = '', halfway = false }: RawRequest,
): Promise<RawAnswer> {
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1'); // it listens on a port
    const lines = [`${start} HTTP/1.1`, 'Host: app.example', 'Connection: close', ...headers];
    socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'));
    if (halfway) socket.end();
    return parsed(await text(socket));
  } finally {
    server.close();
  }
}

/** The body of a request that comes in chunks. */
export function chunked(...chunks: readonly string[]): string {
  return [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
}

function parsed(answer: string): RawAnswer {
  const end = answer.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = answer.slice(0, end).split('\r\n');
  const headers = new Headers();
  for (const line of lines) headers.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1));
  return { status: Number(statusLine.split(' ')[1]), headers, body: answer.slice(end + 4) };
}
