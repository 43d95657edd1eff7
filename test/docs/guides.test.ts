import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, it } from '@jest/globals';
import type { Express } from 'express';
import { softwareAuthenticator } from '../../lib/testing/index.js';
import { launchChromium, missingChromium } from '../example-app/chromium.js';
import { addAuthenticator } from '../example-app/pages.js';
import { root } from '../repository/root.js';
import { Browser } from '../support/browser.js';
import { describeIfPresent } from '../support/needs.js';
import { compile } from './compile.js';
import { codeBlocks, read } from './markdown.js';

const [server = '', rules = '', testStepUp = ''] = blocks('docs/step-up.md', 'ts');
const [transfers = '', testConfirmed = ''] = blocks('docs/confirmed-requests.md', 'ts');
const page = [...blocks('docs/step-up.md', 'js'), ...blocks('docs/confirmed-requests.md', 'js')].join('\n');
const [refusal = ''] = blocks('docs/confirmed-requests.md', 'json');

// Inside the package, so that `stepgate` is this very package, as it is built.
const folder = join(root, '.build/guides');
const LISTEN = 'app.listen(3000);';
const app = server.replace(LISTEN, '') + transfers;
const modules = {
  'test-step-up': `${app}${rules}${testStepUp}`,
  'test-confirmed': `${app}${testConfirmed}`,
  server: `${app}export { app };`,
  'server-anywhere': `${app.replaceAll("'http://localhost:3000'", "process.env['GUIDE_ORIGIN'] ?? ''")}export { app };`,
};

/** What several password managers do: their answer has the members of a credential, and methods that throw. */
const AS_SOME_EXTENSIONS = `{
  const get = navigator.credentials.get.bind(navigator.credentials);
  navigator.credentials.get = async (options) => {
    const { id, rawId, type, response } = await get(options);
    const copy = {};
    for (const [name, value] of Object.entries({ id, rawId, type, response })) Object.defineProperty(copy, name, { value });
    return Object.setPrototypeOf(copy, PublicKeyCredential.prototype);
  };
}`;

/** What the guide's page has. */
interface Page {
  post(path: string, body?: object): Promise<unknown>;
  addPasskey(label: string): Promise<{ readonly label: string }>;
  postWithStepUp(path: string, body: object): Promise<unknown>;
  postConfirmed(path: string, body: object, ask: (question: string) => boolean): Promise<unknown>;
  signInWithPasskey(): Promise<object>;
}

describe('the guides to step-up', () => {
  beforeAll(() => {
    assert.ok(server.includes(LISTEN));
    compile('guides', modules);
    process.env['STEPGATE_SECRET'] = 'a secret of 32 bytes for one test';
  });

  for (const name of ['test-step-up', 'test-confirmed']) {
    it(`have tests that pass (${name})`, async () => {
      await run(name);
    });
  }

  it('have a page that steps up, signs in and has a transfer approved', async () => {
    const { browser, ...visitor } = await visit();
    await visitor.post('/login');
    assert.equal((await visitor.addPasskey('laptop')).label, 'laptop');
    assert.deepEqual(await visitor.postWithStepUp('/role', { role: 'admin' }), { role: 'admin' });

    const questions: string[] = [];
    const transfer = { to: 'bea', amount: 20 }; // not the one that the guide shows a refusal of: it is spent then
    const declined = await visitor.postConfirmed('/transfers', transfer, () => false);
    assert.equal(declined, null);
    const sent = await visitor.postConfirmed('/transfers', transfer, (question) => questions.push(question) === 1);
    assert.deepEqual(sent, { sent: 20, to: 'bea' });
    assert.deepEqual(questions, ['Send 20 to bea?']);

    await assert.rejects(visitor.post('/transfers', transfer), { code: 'step_up_required', reason: 'spent' });
    const repeated = await visitor.postConfirmed('/transfers', transfer, (question) => questions.push(question) === 0);
    assert.equal(repeated, null);
    assert.match(questions[1] ?? '', /^Send 20 to bea: you did exactly this .*\. Do it again\?$/);

    browser.cookies.clear();
    await visitor.signInWithPasskey();
    assert.equal((await browser.get('/me')).body.userId, 'ada');
  });

  it('have a page that says of a lost answer that it may have been done', async () => {
    const { browser, ...visitor } = await visit();
    await visitor.post('/login');
    browser.send = () => Promise.reject(new TypeError('Failed to fetch'));
    await assert.rejects(visitor.post('/transfers', {}), { code: 'outcome_unknown', message: /may have been done/ });
  });

  describeIfPresent('have a page', missingChromium, () => {
    it('that works in a browser, beside a password manager whose answers have no working toJSON', async () => {
      const http = createServer().listen(0);
      await once(http, 'listening');
      const origin = `http://localhost:${(http.address() as AddressInfo).port}`; // it listens on a port
      process.env['GUIDE_ORIGIN'] = origin;
      http.on('request', (await run('server-anywhere')).app);
      const chromium = await launchChromium();
      try {
        const tab = await chromium.newPage();
        await tab.goto(`${origin}/me`);
        await addAuthenticator(tab);
        await tab.addScriptTag({ content: page });
        assert.equal(
          await tab.evaluate("post('/login').then(() => addPasskey('laptop')).then(({ label }) => label)"),
          'laptop',
        );
        await tab.evaluate(AS_SOME_EXTENSIONS);
        assert.equal(await tab.evaluate('stepUp().then(({ verified }) => verified)'), true);
        assert.equal(await tab.evaluate('signInWithPasskey().then(({ session_id }) => typeof session_id)'), 'string');
      } finally {
        await chromium.close();
        http.close();
      }
    });
  });

  it('show a refusal as it is', async () => {
    const { browser, ...visitor } = await visit();
    await visitor.post('/login');
    const { body } = await browser.post('/transfers', { body: { to: 'bea', amount: 10 } });
    if (body.code === 'step_up_unavailable') await visitor.addPasskey('phone');
    const shown = JSON.parse(refusal);
    const response = await browser.post('/transfers', { body: { to: 'bea', amount: 10 } });
    for (const [member, value] of Object.entries(shown)) {
      if (member !== 'challenge') assert.deepEqual(response.body[member], value, member);
    }
    const { challenge } = response.body;
    assert.deepEqual(Object.keys(challenge), Object.keys(shown.challenge));
    assert.equal(challenge.summary, shown.challenge.summary);
    for (const [name, value] of Object.entries(shown.challenge.methods.passkey.options)) {
      const given = challenge.methods.passkey.options[name];
      if (value === '…') assert.equal(typeof given, 'string');
      else assert.deepEqual(given, value);
    }
  });
});

function blocks(path: string, language: string): readonly string[] {
  return codeBlocks(read(path), language).map(({ text }) => text);
}

async function run(name: string): Promise<{ readonly app: Express }> {
  return import(pathToFileURL(join(folder, `${name}.js`)).href);
}

/** As a browser gives it to a page: bytes for base64url. */
function asObject({ id, type, response }: { id: string; type: string; response: object }): object {
  const bytes = Object.entries(response).map(([name, value]) => [name, toBytes(value)]);
  return { id, type, response: Object.fromEntries(bytes) };
}

function toBytes(value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value, 'base64url') : value;
}

/** The guide's page in a browser with an authenticator. */
async function visit(): Promise<Page & { readonly browser: Browser }> {
  const browser = new Browser((await run('server')).app);
  const key = softwareAuthenticator({ origin: 'http://localhost:3000' });
  const asGiven = (options: unknown): unknown => options;
  const context = {
    async fetch(path: string, { method, ...sent }: { method: string; headers: Record<string, string>; body: string }) {
      const { status, body } = await browser.send(method, path, sent);
      return { status, ok: status < 300, json: async () => body };
    },
    navigator: {
      credentials: {
        create: async ({ publicKey }: { publicKey: never }) => asObject(key.create(publicKey)),
        get: async ({ publicKey }: { publicKey: never }) => asObject(key.get(publicKey)),
      },
    },
    btoa,
    PublicKeyCredential: { parseCreationOptionsFromJSON: asGiven, parseRequestOptionsFromJSON: asGiven },
  };
  runInNewContext(page, context);
  return { ...(context as unknown as Page), browser }; // the functions that the page declares
}
