import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from '@jest/globals';
import express from 'express';
import type { Stepgate } from '../../lib/index.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { ORIGIN, SECRET, testKit } from '../support/kit.js';
import { addPasskey } from '../support/method-app.js';
import { compile } from './compile.js';
import { codeBlocks, read } from './markdown.js';

const [native = '', hybridKit = ''] = codeBlocks(read('docs/apps.md'), 'ts').map(({ text }) => text);

interface Guide {
  signInByPasskey(
    server: string,
    ceremony: (options: Parameters<Awaited<ReturnType<typeof addPasskey>>['get']>[0]) => Promise<object>,
  ): Promise<{ readonly access_token: string; readonly refresh_token: string }>;
  readonly hybrid: Stepgate<'password'>;
}

async function load(): Promise<Guide> {
  process.env['STEPGATE_SECRET'] = SECRET;
  const db = 'const db = { checkPassword: async (_user: string, _given: string): Promise<object | null> => ({}) };';
  const folder = compile('apps-page', { apps: `${hybridKit}\n${db}\n${native}\nexport { signInByPasskey, hybrid };` });
  return import(pathToFileURL(join(folder, 'apps.js')).href);
}

describe('docs/apps.md', () => {
  it('signs a native app in by its passkey, without a cookie', async () => {
    const { signInByPasskey, hybrid } = await load();
    cleanUp(() => hybrid.close());
    const { auth } = testKit({
      methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] })],
      users: { find: (id) => ({ name: id }) },
    });
    const { app } = testApp(auth);
    const browser = new Browser(app);
    await browser.signIn({ userId: 'ada' });
    const key = await addPasskey(browser);
    const server = createServer(app).listen(0);
    cleanUp(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on a port

    const signedIn = await signInByPasskey(`http://localhost:${port}`, async (options) => key.get(options));
    const headers = { Authorization: `Bearer ${signedIn.access_token}` };
    assert.equal((await new Browser(app).get('/me', { headers })).status, 200);
    assert.match(signedIn.refresh_token, /^[\w-]+$/);
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
