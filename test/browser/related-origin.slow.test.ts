// A passkey of app.example on a page of app-example.net, as a browser does it: it reads the list at app.example first.

import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { it } from '@jest/globals';
import express from 'express';
import { chromium } from 'playwright-core';
import { passkey } from '../../lib/methods/passkey/index.js';
import { ARGUMENTS, executablePath, missingChromium } from '../example-app/chromium.js';
import { addAuthenticator } from '../example-app/pages.js';
import { selfSigned } from '../support/certificate.js';
import { cleanUp } from '../support/clean-up.js';
import { testInstance } from '../support/instance.js';
import { describeIfPresent } from '../support/needs.js';

const HOME = 'https://app.example';
const RELATED = 'https://app-example.net';
const UNRELATED = 'https://stranger.net';

/** What a page of the app has. */
const SCRIPT = `
async function post(path, body = {}) {
  const response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  return { status: response.status, ...(await response.json()) };
}
async function addPasskey() {
  await post('/login');
  const { challengeId, options } = await post('/auth/passkeys/options');
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const response = (await navigator.credentials.create({ publicKey })).toJSON();
  return (await post('/auth/passkeys', { challengeId, response })).status;
}
async function signIn() {
  const { challengeId, options } = await post('/auth/sign-in/passkey/options');
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  try {
    const response = (await navigator.credentials.get({ publicKey })).toJSON();
    return (await post('/auth/sign-in/passkey', { challengeId, response })).status;
  } catch (error) {
    return error.name;
  }
}`;

describeIfPresent('a browser', missingChromium, () => {
  it('uses a passkey on a page of a related domain, and on no other', async () => {
    const { tab, origins } = await arrange();
    await tab.goto(HOME);
    await addAuthenticator(tab);
    assert.equal(await tab.evaluate('addPasskey()'), 201);
    await tab.goto(RELATED);
    assert.equal(await tab.evaluate('signIn()'), 200);
    assert.deepEqual(origins, [HOME, RELATED]);
    await tab.goto(UNRELATED);
    assert.equal(await tab.evaluate('signIn()'), 'SecurityError');
  });
});

/** One server for all three names, and a browser that finds them there and trusts its certificate. */
async function arrange() {
  const { auth, clock } = testInstance({
    issuer: HOME,
    methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins: [HOME, RELATED] })],
    users: { find: (id) => ({ name: id }) },
  });
  const origins: string[] = [];
  const app = express();
  app.use(auth.wellKnown());
  app.use('/auth', (req, _res, next) => {
    if (req.method === 'POST' && /^\/(passkeys|sign-in\/passkey)$/.test(req.path)) {
      origins.push(req.headers.origin ?? '');
      clock.advance('1m');
    }
    next();
  });
  app.use('/auth', auth.router());
  app.post('/login', async (req, res) => {
    res.json((await auth.signIn(req, res, { userId: 'ada', method: 'password' })).body);
  });
  app.get('/', (_req, res) => {
    res.type('html').send(`<!doctype html><title>Example</title><script>${SCRIPT}</script>`);
  });

  const { key, cert } = selfSigned([HOME, RELATED, UNRELATED].map((origin) => new URL(origin).hostname));
  const server = createServer({ key, cert }, app).listen(0);
  await once(server, 'listening');
  cleanUp(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo; // it listens on a port

  const spki = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
  const browser = await chromium.launch({
    executablePath,
    args: [
      ...ARGUMENTS,
      `--ignore-certificate-errors-spki-list=${createHash('sha256').update(spki).digest('base64')}`,
      `--host-resolver-rules=MAP *:443 127.0.0.1:${port}`,
    ],
  });
  cleanUp(() => browser.close());
  return { tab: await browser.newPage(), origins };
}
