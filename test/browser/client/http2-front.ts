import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { constants, createSecureServer, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { selfSigned } from '../../support/certificate.js';
import { cleanUp } from '../../support/clean-up.js';

/** What HTTP/2 has no place for (RFC 9113, 8.2.2). */
const OF_ONE_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

export interface Http2Front {
  readonly url: string;
  /** Each request as it came: `PUT /upload 2.0`. */
  readonly received: string[];
  /** Sends what comes from now on to the app at this URL. */
  lead(to: string): void;
}

/** An HTTP/2 server in front of an app that speaks HTTP/1.1, as a proxy is in most deployments: Express has no HTTP/2. */
export async function startHttp2Front(): Promise<Http2Front> {
  let target = '';
  const received: string[] = [];
  const server = createSecureServer(selfSigned(['localhost']));
  server.on('request', (req, res) => {
    received.push(`${req.method} ${req.url} ${req.httpVersion}`);
    const ofConnection = Object.entries(req.headers).filter(([name]) => !name.startsWith(':'));
    const headers = { ...Object.fromEntries(ofConnection), host: req.authority };
    const forwarded = request(new URL(req.url, target), { method: req.method, headers });
    // The app may answer, and close, while the body is still coming.
    pipeline(req, forwarded).catch(() => {});
    forwarded.on('response', (answer) => answerWith(answer, res));
    forwarded.on('error', () => res.stream.close(constants.NGHTTP2_CANCEL));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  cleanUp(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  return {
    url: `https://localhost:${port}`,
    received,
    lead(to) {
      target = to;
    },
  };
}

function answerWith(answer: IncomingMessage, res: Http2ServerResponse): void {
  const headers = Object.entries(answer.headers).filter(([name]) => !OF_ONE_CONNECTION.has(name));
  res.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers));
  pipeline(answer, res.stream).catch(() => {});
}
