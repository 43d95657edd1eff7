// Node's own HTTP/2 server: a body there needs no length, so that only the stream tells whether one comes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Stream, connect as connectTo, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from '@jest/globals';
import connect from 'connect';
import { handle } from '../support/app.js';
import { cleanUp } from '../support/clean-up.js';
import { testInstance } from '../support/instance.js';

interface Answer {
  readonly status: unknown;
  readonly body: string;
}

type Post = (path: string, body?: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>;

/** Somebody with the tokens of a `bearer` session, who sends requests without a length. */
async function arrange() {
  const { auth } = testInstance();
  const app = connect();
  app.use('/auth', auth.router());
  const signIn = handle((req, res) => auth.signIn(req, res, { userId: 'ada', method: 'password', delivery: 'bearer' }));
  app.use('/login', signIn);
  const server = createServer(app as Parameters<typeof createServer>[0]).listen(0, '127.0.0.1'); // Connect's types know HTTP/1 only
  await once(server, 'listening');
  const client = connectTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`); // it listens on a port
  cleanUp(() => {
    client.close();
    server.close();
  });
  const post: Post = async (path, body = '', headers = { 'content-type': 'application/json' }) => {
    const stream: ClientHttp2Stream = client.request({ ':method': 'POST', ':path': path, ...headers });
    stream.end(body);
    const [answered] = await once(stream, 'response');
    return { status: answered[':status'], body: await text(stream) };
  };
  const { body } = JSON.parse((await post('/login')).body);
  return { auth, post, sessionId: String(body.session_id), refreshToken: String(body.refresh_token) };
}

describe('over HTTP/2, a body without a length', () => {
  it('is read by a refresh', async () => {
    const { post, sessionId, refreshToken } = await arrange();
    const answer = await post('/auth/token/refresh', JSON.stringify({ refresh_token: refreshToken }));
    assert.equal(answer.status, 200, answer.body);
    assert.equal(JSON.parse(answer.body).session_id, sessionId);
  });

  it('is read by a log-out, which ends the session', async () => {
    const { auth, post, sessionId, refreshToken } = await arrange();
    const answer = await post('/auth/logout', JSON.stringify({ refresh_token: refreshToken }));
    assert.equal(answer.status, 204, answer.body);
    assert.equal(await auth.sessions.get(sessionId), null);
  });

  it('is refused by name when it is no JSON, no object, or too large', async () => {
    const { post } = await arrange();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const [body, headers, status] of [
      ['refresh_token=x', form, 415],
      ['refresh_token=x', {}, 415],
      ['{"refresh_token"', undefined, 400],
      ['[]', undefined, 400],
      [JSON.stringify({ refresh_token: 'x'.repeat(65_536) }), undefined, 413],
    ] as const) {
      const answer = await post('/auth/logout', body, headers);
      assert.equal(answer.status, status, `${body.slice(0, 30)}: ${answer.body}`);
    }
  });

  it('may be missing', async () => {
    const { post } = await arrange();
    assert.equal((await post('/auth/logout', '', {})).status, 204);
    const answer = await post('/auth/token/refresh', '', {});
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [400, 'refresh_missing']);
  });
});
