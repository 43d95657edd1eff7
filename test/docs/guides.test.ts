import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import type { Express } from 'express';
import { softwareAuthenticator } from '../../lib/testing/index.js';
import { root } from '../repository/root.js';
import { Browser } from '../support/browser.js';
import { codeBlocks, read } from './markdown.js';

const [server = '', rules = '', testStepUp = ''] = blocks('docs/step-up.md', 'ts');
const [transfers = '', testApproval = ''] = blocks('docs/approve.md', 'ts');
const page = [...blocks('docs/step-up.md', 'js'), ...blocks('docs/approve.md', 'js')].join('\n');
const [refusal = ''] = blocks('docs/approve.md', 'json');

// Inside the package, so that `stepgate` is this very package, as it is built.
const folder = join(root, '.build/guides');
const LISTEN = 'app.listen(3000);';
const app = server.replace(LISTEN, '') + transfers;
const modules = {
  'test-step-up': `${app}${rules}${testStepUp}`,
  'test-approval': `${app}${testApproval}`,
  server: `${app}export { app };`,
};

/** What the guide's page has. */
interface Page {
  post(path: string, body?: object): Promise<unknown>;
  addPasskey(label: string): Promise<{ readonly label: string }>;
  postWithStepUp(path: string, body: object): Promise<unknown>;
  postWithApproval(path: string, body: object, ask: (summary: string) => boolean): Promise<unknown>;
  signInWithPasskey(): Promise<object>;
}

describe('the guides to step-up', () => {
  before(() => {
    assert.ok(server.includes(LISTEN));
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, `${name}.ts`), text);
    const compilerOptions = { target: 'es2022', module: 'nodenext', types: ['node'], strict: true, skipLibCheck: true };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
    assert.equal(stdout, '');
    process.env['STEPGATE_SECRET'] = 'a secret of 32 bytes for one test';
  });

  for (const name of ['test-step-up', 'test-approval']) {
    it(`have tests that pass (${name})`, async () => {
      await run(name);
    });
  }

  it('have a page that steps up, signs in and has a transfer approved', async () => {
    const { browser, ...visitor } = await visit();
    await visitor.post('/login');
    assert.equal((await visitor.addPasskey('laptop')).label, 'laptop');
    assert.deepEqual(await visitor.postWithStepUp('/role', { role: 'admin' }), { role: 'admin' });

    const summaries: string[] = [];
    const transfer = { to: 'bea', amount: 10 };
    const declined = await visitor.postWithApproval('/transfers', transfer, () => false);
    assert.equal(declined, null);
    const sent = await visitor.postWithApproval('/transfers', transfer, (summary) => summaries.push(summary) === 1);
    assert.deepEqual(sent, { sent: 10, to: 'bea' });
    assert.deepEqual(summaries, ['Send 10 to bea']);
    await assert.rejects(visitor.post('/transfers', transfer), { code: 'step_up_required', reason: 'spent' });

    browser.cookies.clear();
    await visitor.signInWithPasskey();
    assert.equal((await browser.get('/me')).body.userId, 'ada');
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
        create: async ({ publicKey }: { publicKey: never }) => ({ toJSON: () => key.create(publicKey) }),
        get: async ({ publicKey }: { publicKey: never }) => ({ toJSON: () => key.get(publicKey) }),
      },
    },
    PublicKeyCredential: { parseCreationOptionsFromJSON: asGiven, parseRequestOptionsFromJSON: asGiven },
  };
  runInNewContext(page, context);
  return { ...(context as unknown as Page), browser }; // the functions that the page declares
}
