import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { root } from '../repository/root.js';
import { codeBlocks, read } from './markdown.js';

interface Answer {
  readonly status: string;
  readonly headers: readonly string[];
  readonly body: string;
}

/** One request of the transcript. */
interface Exchange extends Answer {
  readonly command: string;
}

const first = codeBlocks(read('README.md'), 'ts')[0]?.text ?? '';
const server = codeBlocks(read('docs/tutorial.md'), 'ts')[0]?.text ?? '';
const transcript = (codeBlocks(read('docs/tutorial.md'), 'console')[0]?.text ?? '')
  .split(/^\$ /m)
  .slice(1)
  .map(exchange);

const LISTEN = 'app.listen(3000);';
const env = { ...process.env, STEPGATE_SECRET: 'a secret of 32 bytes for one test' };

// What the page says it cuts.
const CUT = /^(x-powered-by|content-length|etag|date|connection|keep-alive):|^set-cookie: [^=]+=;/i;

describe('the server of docs/tutorial.md', () => {
  const folder = join(root, '.build/tutorial');
  const listening = listeningAnywhere(server);
  let child: ChildProcess;
  let port = 0;

  beforeAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'server.mjs'), listening);
    child = fork('server.mjs', { cwd: folder, env });
    const [message] = await once(child, 'message');
    port = Number(message);
  });

  afterAll(async () => {
    child.kill();
    await once(child, 'exit');
  });

  it('refuses a sign-in from another origin in stepgate’s own form, and goes on', async () => {
    const { status, type, code } = await signInFromElsewhere(port);
    assert.deepEqual({ status, type, code }, { status: 403, type: 'application/problem+json', code: 'cross_origin' });
    await run('curl -i localhost:3000/me', port, '');
  });

  it('does so on Express 4, where nobody else hears of a rejection', async () => {
    writeFileSync(
      join(folder, 'express-4.mjs'),
      listening.replace("from 'express'", "from 'express-4'").replace('app.db', 'express-4.db'),
    );
    const older = fork('express-4.mjs', { cwd: folder, env });
    const [message] = await once(older, 'message');
    for (let i = 0; i < 2; i++) {
      const { status, code } = await signInFromElsewhere(Number(message));
      assert.deepEqual({ status, code }, { status: 403, code: 'cross_origin' });
    }
    assert.equal(older.exitCode, null);
    older.kill();
    await once(older, 'exit');
  });

  it('has at most 20 lines', () => {
    assert.ok(server.trimEnd().split('\n').length <= 20);
  });

  it('answers as in the transcript', async () => {
    assert.deepEqual(
      transcript.map(({ status }) => status.split(' ')[1]),
      ['401', '200', '401', '200', '200', '204', '401'],
    );
    let jar = '';
    let id = '';
    let challengeId = '';
    for (const { command, ...shown } of transcript) {
      const now = command.replace(/(?<=\/)[\w-]{22}$/, id).replace(/(?<="challengeId":")[\w-]{22}/, challengeId);
      const { answer, cookie } = await run(now, port, jar);
      if (command.includes('-c jar')) jar = cookie;
      id ||= /"session_id":"([^"]+)"/.exec(answer.body)?.[1] ?? '';
      challengeId ||= /"challenge":\{"id":"([^"]+)"/.exec(answer.body)?.[1] ?? '';
      assert.deepEqual(steady(answer), steady(shown), command);
    }
  });
});

describe('the first screen of README.md', () => {
  const folder = join(root, '.build/readme');

  it('has at most 60 lines, and a server of at most 15', () => {
    const screen = read('README.md').split('## Install')[0] ?? '';
    assert.ok(screen.split('\n').length <= 60);
    assert.ok(first.trimEnd().split('\n').length <= 15);
  });

  for (const framework of ['express', 'express-4']) {
    it(`has a server that runs, asks for a proof and survives a rejection (${framework})`, async () => {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      const source = listeningAnywhere(first).replace("from 'express'", `from '${framework}'`);
      writeFileSync(join(folder, 'server.mjs'), source);
      const child = fork('server.mjs', { cwd: folder, env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
      try {
        const [message] = await once(child, 'message');
        const port = Number(message);
        const evil = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
        for (let i = 0; i < 2; i++) {
          const refused = await fetch(`http://localhost:${port}/login`, { method: 'POST', headers: evil });
          assert.equal(refused.status, 403);
        }
        assert.equal((await run('curl localhost:3000/me', port, '')).answer.status, 'HTTP/1.1 401 Unauthorized');
        const { answer, cookie } = await run('curl -X POST localhost:3000/login', port, '');
        assert.equal(answer.status, 'HTTP/1.1 200 OK');
        const me = await run('curl -b jar localhost:3000/me', port, cookie);
        assert.equal(me.answer.body, '{"hello":"ada"}');
        const done = await run('curl -b jar -X DELETE localhost:3000/me', port, cookie);
        assert.equal(done.answer.body, '{"deleted":true}'); // the sign-in is a fresh proof of the password
        const none = await run('curl -X DELETE localhost:3000/me', port, '');
        assert.equal(none.answer.status, 'HTTP/1.1 401 Unauthorized');
      } finally {
        child.kill();
        await once(child, 'exit');
      }
    });
  }
});

/** The server on a port that is free, which it tells. */
function listeningAnywhere(source: string): string {
  assert.ok(source.includes(LISTEN));
  return source.replace(LISTEN, 'const server = app.listen(0, () => process.send(server.address().port));');
}

function exchange(part: string): Exchange {
  const [head = '', body = ''] = part.split('\n\n');
  const [command = '', status = '', ...headers] = head.trimEnd().split('\n');
  return { command, status, headers, body: body.trimEnd() };
}

/** Does what curl does for the few options of the transcript. */
async function run(command: string, port: number, jar: string): Promise<{ answer: Answer; cookie: string }> {
  const [, json] = /--json '([^']*)'/.exec(command) ?? [];
  const [, method = json === undefined ? 'GET' : 'POST'] = /-X (\w+)/.exec(command) ?? [];
  const path = /localhost:3000(\S+)/.exec(command)?.[1] ?? '';
  const headers = {
    'user-agent': 'curl/8',
    ...(command.includes('-b jar') ? { cookie: jar } : {}),
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const sent = request({ port, method, path, headers }).end(json);
  const [response] = (await once(sent, 'response')) as [IncomingMessage]; // what the event gives
  const status = `HTTP/1.1 ${response.statusCode} ${response.statusMessage}`;
  const lines = linesOf(response.headers).filter((line) => !CUT.test(line));
  const [, cookie = ''] = /^set-cookie: ([^;]+)/m.exec(lines.join('\n')) ?? [];
  return { answer: { status, headers: lines, body: await textOf(response) }, cookie };
}

async function signInFromElsewhere(port: number): Promise<{ status: number; type: string; code: string }> {
  const headers = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
  const response = await fetch(`http://localhost:${port}/login`, { method: 'POST', headers });
  const { code } = await response.json();
  return { status: response.status, type: response.headers.get('content-type') ?? '', code };
}

function linesOf(headers: IncomingHttpHeaders): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}`));
}

/** The same without what changes from run to run: tokens, ids, times, the client's version; and header names in one case. */
function steady({ status, headers, body }: Answer): Answer {
  const plain = (line: string): string =>
    line
      .replace(/(?<==)[\w-]{43}(?=;)/, 'TOKEN')
      .replaceAll(/(?<=")[\w-]{22}(?=")/g, 'ID')
      .replaceAll(/(?<=At":)\d{13}/g, 'TIME')
      .replace(/(?<=Max-Age=)(2592000|25919\d\d)/, 'MONTH')
      .replace(/curl\/[\d.]+/, 'CURL');
  const lines = headers.map((line) => plain(line.replace(/^[^:]+/, (name) => name.toLowerCase())));
  return { status, headers: lines.sort(), body: plain(body) };
}
