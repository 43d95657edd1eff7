import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { beforeAll, describe, it, jest } from '@jest/globals';
import type { Express } from 'express';
import { WebSocket } from 'ws';
import type { Stepgate } from '../../lib/stepgate.js';
import { root } from '../repository/root.js';
import { handle as answering } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { fakeTimers } from '../support/fake-timers.js';
import { codeBlocks, read } from './markdown.js';

const SECRET = 'a secret of 32 bytes for one test';
const ISSUER = 'http://localhost:3000';
const LISTEN = 'server.listen(3000);';
const folder = join(root, '.build/sockets'); // inside the package, so that `stepgate` is this very one

const [guide, jobs] = codeBlocks(read('docs/sockets.md'), 'ts');
const [page] = codeBlocks(read('docs/sockets.md'), 'js');

interface Guide {
  readonly app: Express;
  readonly server: Server;
  readonly auth: Stepgate<'password'>;
  exportFor(handle: string): Promise<boolean>;
}

beforeAll(() => {
  assert.ok(guide && jobs && page && guide.text.includes(LISTEN) && guide.text.includes("'app.db'"));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const exported = 'export { app, server, auth, exportFor };';
  const text = guide.text.replace(LISTEN, exported).replace("'app.db'", "process.env['DATABASE'] ?? ''");
  writeFileSync(join(folder, 'server.ts'), text + jobs.text);
  const compilerOptions = { target: 'es2022', module: 'nodenext', types: ['node'], strict: true, skipLibCheck: true };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
  assert.equal(stdout, '');
});

/** The guide's server on a database of its own. Each run is a module of its own. */
async function start() {
  fakeTimers(['Date', 'setInterval'], Date.now());
  const database = join(mkdtempSync(join(tmpdir(), 'stepgate-sockets-')), 'app.db');
  process.env['STEPGATE_SECRET'] = SECRET;
  process.env['DATABASE'] = database;
  const loaded: unknown = await import(`${pathToFileURL(join(folder, 'server.js')).href}?${database}`);
  const { app, server, auth, exportFor } = loaded as Guide; // as it is exported above
  app.post(
    '/password',
    answering((req, res) => auth.credentialsChanged(req, res)),
  );
  app.get('/handle', auth.requireSession, (req, res) => void res.json({ handle: auth.handle(req) }));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  cleanUp(async () => {
    server.close();
    server.closeAllConnections();
    await auth.close();
    rmSync(join(database, '..'), { recursive: true });
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    auth,
    exportFor,
    /** A browser that is signed in, and its session's id. */
    async signIn() {
      const browser = new Browser(url);
      const { session_id: id } = (await browser.post('/login')).body;
      return { browser, id: String(id) };
    },
    stranger: () => new Browser(url),
    /** The same cookies, in somebody else's hands. */
    copyOf: (browser: Browser) => new Browser(url, new Map(browser.cookies)),
    /** What a browser does: the cookies come along. */
    connect: (browser: Browser, origin = ISSUER) => {
      const socket = new WebSocket(url.replace('http', 'ws'), {
        origin,
        headers: { Cookie: browser.cookieHeader() ?? '' },
      });
      cleanUp(() => socket.terminate());
      return socket;
    },
    /** In another process of the app, over the same file. */
    async endElsewhere(sessionId: string): Promise<void> {
      const child = join(root, '.build/test/docs/children/end-session.js');
      await promisify(execFile)(process.execPath, [child, SECRET, ISSUER, database, sessionId]);
    },
  };
}

async function opened(socket: WebSocket): Promise<WebSocket> {
  await once(socket, 'open');
  return socket;
}

async function ask(socket: WebSocket, message: string): Promise<{ code?: string; done?: string; by?: string }> {
  const answer = once(socket, 'message');
  socket.send(message);
  return JSON.parse(String((await answer)[0]));
}

async function stepUp(browser: Browser): Promise<void> {
  const body = { method: 'password', response: { password: 'swordfish' } };
  assert.equal((await browser.post('/auth/step-up/verify', { body })).status, 200);
}

const DONE = { done: 'write', by: 'ada' };
const ASKED = { code: 'step_up_required' };

describe('the WebSocket server of the guide', () => {
  it('closes a socket within a minute of its session being ended in another process', async () => {
    const { signIn, connect, endElsewhere } = await start();
    const [here, other] = [await signIn(), await signIn()];
    const [socket, beside] = [await opened(connect(here.browser)), await opened(connect(other.browser))];
    assert.deepEqual(await ask(socket, 'read'), { done: 'read', by: 'ada' });
    jest.advanceTimersByTime(60_000);
    assert.deepEqual(await ask(socket, 'read'), { done: 'read', by: 'ada' });
    await endElsewhere(here.id);
    const closed = once(socket, 'close');
    jest.advanceTimersByTime(60_000);
    assert.equal((await closed)[0], 4401);
    assert.deepEqual(await ask(beside, 'read'), { done: 'read', by: 'ada' });
  });

  it('does nothing any more for such a session, not even before it has looked', async () => {
    const { signIn, connect, endElsewhere } = await start();
    const { browser, id } = await signIn();
    const socket = await opened(connect(browser));
    await endElsewhere(id);
    const closed = once(socket, 'close');
    socket.send('read');
    assert.equal((await closed)[0], 4401);
  });

  it('closes a socket that a copied cookie has opened when the credentials change', async () => {
    const { auth, signIn, copyOf, connect } = await start();
    const { browser: owner, id } = await signIn();
    const socket = await opened(connect(copyOf(owner)));
    await auth.sessions.revokeAllForUser('ada', { except: id });
    assert.deepEqual(await ask(socket, 'read'), { done: 'read', by: 'ada' }); // it is the same session
    const closed = once(socket, 'close');
    assert.equal((await owner.post('/password')).status, 200);
    jest.advanceTimersByTime(60_000);
    assert.equal((await closed)[0], 4401);
  });

  it('meets a rule only by the token that opened the socket, and a copy of an older one never does', async () => {
    const { signIn, copyOf, connect } = await start();
    const { browser: owner } = await signIn();
    const thief = copyOf(owner);
    const socket = await opened(connect(owner));
    const copied = await opened(connect(thief));
    assert.deepEqual(await ask(socket, 'write'), DONE); // the sign-in's proof
    jest.advanceTimersByTime(300_000);
    for (const each of [socket, copied]) assert.deepEqual(await ask(each, 'write'), ASKED);
    await stepUp(owner);
    for (const each of [socket, copied]) assert.deepEqual(await ask(each, 'write'), ASKED);
    assert.deepEqual(await ask(await opened(connect(owner)), 'write'), DONE);
    assert.deepEqual(await ask(await opened(connect(thief)), 'write'), ASKED); // by the previous token, while it is one
    assert.deepEqual(await ask(copied, 'read'), { done: 'read', by: 'ada' });
  });

  it('has a page that steps up and goes on with a new socket', async () => {
    const { signIn, connect } = await start();
    const { browser: ada } = await signIn();
    const sockets: WebSocket[] = [];
    const context = createContext({
      WebSocket: function connected(): WebSocket {
        const socket = connect(ada);
        sockets.push(socket);
        return socket;
      },
      location: { href: ISSUER, assign: (path: string) => assert.fail(path) },
      client: { require: () => stepUp(ada) },
    });
    const asks = (message: string): Promise<object> => runInContext(`ask('${message}')`, context);
    runInContext(page?.text ?? '', context);
    assert.deepEqual({ ...(await asks('write')) }, DONE);
    jest.advanceTimersByTime(300_000);
    assert.deepEqual({ ...(await asks('write')) }, DONE);
    assert.equal(sockets.length, 2);
    assert.deepEqual({ ...(await asks('read')) }, { done: 'read', by: 'ada' });
    assert.equal(sockets.length, 2);
  });

  it('lets no stranger in, nor a page of another origin', async () => {
    const { signIn, stranger, connect } = await start();
    const { browser: ada } = await signIn();
    for (const socket of [connect(stranger()), connect(ada, 'https://evil.example')]) {
      const [error] = await once(socket, 'error').catch((thrown: unknown) => [thrown]);
      assert.match(String(error), /401/);
    }
  });
});

describe('a job of the guide', () => {
  it('is dropped when its session has expired', async () => {
    const { auth, signIn, exportFor } = await start();
    const { browser, id } = await signIn();
    const { body } = await browser.get('/handle');
    assert.equal(await exportFor(body.handle), true);
    await auth.sessions.revoke(id);
    assert.equal(await exportFor(body.handle), false);
  });
});
