import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from '@jest/globals';
import express, { type Request } from 'express';
import type { Stepgate } from '../../lib/index.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import { fakeCode } from '../step-up/fake-methods.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { ORIGIN, SECRET, type TestInstance, testInstance } from '../support/instance.js';
import { addPasskey } from '../support/method-app.js';
import { compile } from './compile.js';
import { codeBlocks, read } from './markdown.js';

const [nativeClient = '', hybridInstance = ''] = codeBlocks(read('docs/apps.md'), 'ts').map(({ text }) => text);

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** What the guide's client needs of the device that it runs on. */
interface Device {
  passkey(options: object): Promise<object>;
  ask(summary: string, isRepeat: boolean): Promise<boolean>;
  load(): Promise<Tokens | null>;
  save(tokens: Tokens | null): Promise<void>;
}

interface Api {
  signIn(): Promise<void>;
  send(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: { code?: string } }>;
  signOut(): Promise<void>;
}

interface Guide {
  readonly Api: new (server: string, device: Device) => Api;
  readonly hybrid: Stepgate<'password'>;
}

async function load(): Promise<Guide> {
  process.env['STEPGATE_SECRET'] = SECRET;
  const db = 'const db = { checkPassword: async (_user: string, _given: string): Promise<object | null> => ({}) };';
  const folder = compile('apps-page', { apps: `${hybridInstance}\n${db}\n${nativeClient}\nexport { Api, hybrid };` });
  return import(pathToFileURL(join(folder, 'apps.js')).href);
}

/** A server, and the guide's client on a device of a user who has a passkey. The client says where it comes from. */
async function start(): Promise<
  TestInstance<'passkey'> & {
    readonly api: Api;
    readonly done: string[];
    readonly tokens: (Tokens | null)[];
    readonly asked: (readonly [string, boolean])[];
    readonly refreshed: () => number;
    readonly device: { answer: boolean; slow: boolean; touched: number };
    readonly server: { down: boolean };
  }
> {
  const { Api: Client, hybrid } = await load();
  cleanUp(() => hybrid.close());
  const http = createServer().listen(0);
  await once(http, 'listening');
  cleanUp(() => http.close());
  const origin = `http://localhost:${(http.address() as AddressInfo).port}`; // it listens on a port
  const instance = testInstance({
    methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] })],
    users: { find: (id) => ({ name: id }) },
    csrf: 'strict',
    trustedOrigins: [origin],
  });
  const { auth, clock } = instance;
  const server = { down: false };
  const done: string[] = [];
  let refreshes = 0;
  const app = express();
  app.use('/auth/token/refresh', (_req, res, next) => {
    refreshes += 1;
    if (server.down) res.status(503).end();
    else next();
  });
  app.use(express.json());
  app.use(testApp(auth).app);
  app.post('/role', auth.requireFreshStepUp({ method: 'passkey', maxAge: '5m' }), (_req, res) => {
    done.push('role');
    res.json({});
  });
  const transfer = auth.requireFreshStepUp({
    method: 'passkey',
    bind: (req: Request) => ({ to: String(req.body.to) }),
    summary: ({ to }) => `Send 10 to ${to}`,
  });
  app.post('/transfers', transfer, (_req, res) => {
    done.push('transfer');
    res.json({});
  });
  http.on('request', app);
  const browser = new Browser(app);
  await browser.signIn({ userId: 'ada' });
  const key = await addPasskey(browser);
  clock.advance('1h');

  const device = { answer: true, slow: false, touched: 0 };
  const tokens: (Tokens | null)[] = [];
  const asked: (readonly [string, boolean])[] = [];
  const api = new Client(origin, {
    async passkey(options) {
      device.touched += 1;
      if (device.slow) clock.advance('2m');
      device.slow = false;
      return key.get(options as Parameters<typeof key.get>[0]); // as the server sent them
    },
    async ask(...question) {
      asked.push(question);
      return device.answer;
    },
    load: async () => tokens.at(-1) ?? null,
    save: async (kept) => void tokens.push(kept),
  });
  return { ...instance, api, done, tokens, asked, refreshed: () => refreshes, device, server };
}

describe('the native client of docs/apps.md', () => {
  it('signs in by its passkey, refreshes once for all, steps up and signs out', async () => {
    const { auth, api, clock, done, tokens, refreshed, device } = await start();
    assert.equal((await api.send('GET', '/me')).body.code, 'session_required');
    await api.signIn();
    assert.equal((await api.send('GET', '/me')).status, 200);
    assert.equal((await api.send('POST', '/role', {})).status, 200); // the sign-in is a fresh proof
    assert.equal(device.touched, 1);

    clock.advance('11m');
    const both = await Promise.all([api.send('GET', '/me'), api.send('GET', '/me')]);
    assert.deepEqual([both.map(({ status }) => status), refreshed()], [[200, 200], 1]);
    assert.equal((await api.send('POST', '/role', {})).status, 200);
    assert.deepEqual([done, device.touched], [['role', 'role'], 2]);

    await api.signOut();
    assert.equal(tokens.at(-1), null);
    assert.equal((await api.send('GET', '/me')).body.code, 'session_required');
    const { sessions } = await auth.sessions.listForUser('ada');
    assert.deepEqual(
      sessions.map(({ delivery }) => delivery),
      ['cookie'],
    );
  });

  it('has a request confirmed, nothing sent when the user declines, and asks before it does the same again', async () => {
    const { api, asked, done, device } = await start();
    await api.signIn();
    device.answer = false;
    assert.equal((await api.send('POST', '/transfers', { to: 'bea' })).body.code, 'step_up_required');
    assert.deepEqual(done, []);
    device.answer = true;
    for (let i = 0; i < 2; i++) assert.equal((await api.send('POST', '/transfers', { to: 'bea' })).status, 200);
    assert.deepEqual(done, ['transfer', 'transfer']);
    assert.deepEqual(
      asked,
      [false, false, true].map((isRepeat) => ['Send 10 to bea', isRepeat]),
    );
  });

  it('goes on when the access token runs out while the user looks for the key', async () => {
    const { api, clock, device, refreshed } = await start();
    await api.signIn();
    clock.advance('9m');
    device.slow = true;
    assert.equal((await api.send('POST', '/role', {})).status, 200);
    assert.equal(device.touched, 2);
    assert.equal(refreshed(), 1);
  });

  it('keeps its tokens while the server is away, and drops them when the session has ended', async () => {
    const { auth, api, clock, tokens, server } = await start();
    await api.signIn();
    clock.advance('11m');
    server.down = true;
    await assert.rejects(api.send('GET', '/me'), /could not be refreshed: 503/);
    assert.notEqual(tokens.at(-1), null);
    server.down = false;
    assert.equal((await api.send('GET', '/me')).status, 200);
    await auth.sessions.revokeAllForUser('ada');
    assert.equal((await api.send('GET', '/me')).body.code, 'session_invalid');
    assert.equal(tokens.at(-1), null);
  });
});

describe('docs/apps.md', () => {
  it('lets an app with a cookie jar in, which says where it comes from only under strict rules', async () => {
    for (const [csrf, headers, status] of [
      ['standard', {}, 200],
      ['strict', {}, 403],
      ['strict', { Origin: ORIGIN }, 200],
    ] as const) {
      const code = fakeCode();
      const { auth } = testInstance({ methods: [code], csrf });
      const guard = auth.requireFreshStepUp({ method: 'code', maxAge: '5m' });
      const { app } = testApp(auth, { routes: { '/role': [guard, (_req, res) => res.end('{}')] } });
      const native = new Browser(app);
      const sent = { headers: { 'Sec-Fetch-Site': undefined, ...headers } };
      assert.equal((await native.post('/login', sent)).status, status);
      if (status !== 200) continue;
      const [before] = native.cookies.values();
      assert.equal((await native.post('/role', sent)).body.code, 'step_up_required');
      const body = { method: 'code', response: code.right(null) };
      assert.equal((await native.post('/auth/step-up/verify', { ...sent, body })).status, 200);
      assert.notEqual([...native.cookies.values()][0], before);
      assert.equal((await native.post('/role', sent)).status, 200);
    }
  });

  it('lets the pages of an app step up and sign out, and no other page', async () => {
    const { hybrid } = await load();
    cleanUp(() => hybrid.close());
    const app = express();
    app.use('/auth', hybrid.router());
    app.post('/login', (req, res, next) => {
      hybrid.signIn(req, res, { userId: 'ada', method: 'password' }).then(({ body }) => res.json(body), next);
    });
    const browser = new Browser(app);
    const from = (origin: string): object => ({ Origin: origin, 'Sec-Fetch-Site': 'cross-site' });
    const { body } = await browser.post('/login', { headers: { ...from('capacitor://localhost') } });
    const Authorization = `Bearer ${body.access_token}`;
    for (const [origin, status] of [
      ['capacitor://localhost', 204],
      ['https://localhost', 204],
      ['https://evil.example', 403],
      ['capacitor://other', 403],
    ] as const) {
      const answer = await browser.post('/auth/logout', { headers: { ...from(origin), Authorization } });
      assert.equal(answer.status, status, origin);
    }
  });
});
