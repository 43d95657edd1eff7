import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page, Request } from 'playwright-core';
import { accessFaults } from '../browser/dialog/page.js';
import { launchChromium, missingChromium } from '../example-app/chromium.js';
import { root } from '../repository/root.js';
import { cleanUp } from '../support/clean-up.js';
import { describeIfPresent } from '../support/needs.js';
import { codeBlocks, read } from './markdown.js';

const LISTEN = 'app.listen(3000);';
const [guide] = codeBlocks(read('docs/server-pages.md'), 'ts');
const folder = join(root, '.build/server-pages'); // inside the package, so that `stepgate` is this very one

describeIfPresent('the app of docs/server-pages.md, in Chromium without JavaScript', missingChromium, () => {
  let server: Server;
  let browser: Browser;
  let site: string;
  let closeInstance: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    assert.ok(guide?.text.includes(LISTEN) === true);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const text = guide.text.replace(LISTEN, 'export { app, auth };');
    // It has no types that Node would stumble on: what is left of it is the JavaScript that it is.
    writeFileSync(join(folder, 'app.mjs'), text);
    let listener: RequestListener = () => {};
    server = createServer((req, res) => listener(req, res));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo; // it listens on a port
    site = `http://localhost:${port}`;
    process.env['STEPGATE_SECRET'] = 'a secret of 32 bytes for one test';
    process.env['ORIGIN'] = site;
    process.env['DATABASE'] = join(folder, 'app.db');
    const loaded: unknown = await import(pathToFileURL(join(folder, 'app.mjs')).href);
    const { app, auth } = loaded as { app: RequestListener; auth: { close(): Promise<void> } }; // as it is written above
    listener = app;
    closeInstance = () => auth.close();
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    server?.closeAllConnections();
    await closeInstance?.();
  });

  /** A page of a signed-in user, and every request that it sends. */
  async function open(
    options: BrowserContextOptions = { javaScriptEnabled: false },
  ): Promise<{ page: Page; requests: Request[] }> {
    const context = await browser.newContext({ viewport: { width: 360, height: 740 }, ...options });
    cleanUp(() => context.close());
    const answer = await context.request.post(`${site}/login`, { maxRedirects: 0 });
    assert.equal(answer.status(), 303);
    const page = await context.newPage();
    const requests: Request[] = [];
    page.on('request', (request) => requests.push(request));
    return { page, requests };
  }

  it('leads from a guarded page to the form and back', async () => {
    const { page, requests } = await open();
    await page.goto(`${site}/report?year=2026`);
    assert.match(page.url(), /\/step-up\/page\?return_to=%2Freport%3Fyear%3D2026/);
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Confirm' }).click();
    assert.match((await page.getByRole('alert').textContent()) ?? '', /That was not right\./);
    await page.getByLabel('Password').fill('sesame');
    await page.getByRole('button', { name: 'Confirm' }).click();
    assert.equal(page.url(), `${site}/report?year=2026`);
    assert.equal(await page.locator('h1').textContent(), 'Report');
    assertSecretInOne(requests, 'sesame');
  });

  it('keeps a transfer while it is confirmed, and sends it by a button', async () => {
    const { page, requests } = await open();
    await page.goto(`${site}/transfers/new`);
    await page.getByLabel('To').fill('Bob "the builder" <bob>');
    await page.getByLabel('Cents').fill('70000');
    await page.getByRole('button', { name: 'Send' }).click();
    assert.equal(await page.locator('h1').textContent(), 'Confirm this');
    assert.equal(await page.locator('.summary').textContent(), 'Send 700 EUR to Bob "the builder" <bob>');
    await page.getByLabel('Password').fill('sesame');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('button', { name: 'Send it' }).click();
    assert.equal(
      await page.locator('body').textContent(),
      'Sent: {"to":"Bob \\"the builder\\" <bob>","cents":"70000"}',
    );
    assertSecretInOne(requests, 'sesame');
    await page.reload(); // which sends the same again: asked about, not done
    assert.match((await page.getByRole('alert').textContent()) ?? '', /You confirmed exactly this/);
  });

  it('refuses a form with files with a word', async () => {
    const { page, requests } = await open();
    await page.goto(`${site}/transfers/new`);
    await page.locator('form').evaluate((form) => form.setAttribute('enctype', 'multipart/form-data'));
    await page.getByRole('button', { name: 'Send' }).click();
    assert.match((await page.getByRole('alert').textContent()) ?? '', /A form with files/);
    assert.equal((await requests.at(-1)?.response())?.status(), 415);
  });

  for (const path of ['//evil.example', '/\\evil.example', 'https://evil.example/', '/..//evil.example']) {
    it(`goes nowhere else: ${path}`, async () => {
      const { page, requests } = await open();
      await page.goto(`${site}/step-up/page?return_to=${encodeURIComponent(path)}`);
      assert.equal(await page.locator('form, a').count(), 0);
      assert.ok(requests.every((request) => new URL(request.url()).origin === site));
    });
  }

  it('is at ease with axe, and fits a small screen, light and dark', async () => {
    for (const look of [{ colorScheme: 'light' }, { colorScheme: 'dark' }, { forcedColors: 'active' }] as const) {
      const { page } = await open(look); // with scripts, for axe is one
      await page.goto(`${site}/transfers/new`);
      await page.getByLabel('To').fill('W'.repeat(200));
      await page.getByLabel('Cents').fill('1');
      for (const button of ['Send', 'Confirm']) {
        if (button === 'Confirm') await page.getByLabel('Password').fill('sesame');
        await page.getByRole('button', { name: button }).click();
        assert.deepEqual(await accessFaults(page), []);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
      }
    }
  });
});

function assertSecretInOne(requests: readonly Request[], secret: string): void {
  const carriers = requests.filter((request) =>
    `${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ''}`.includes(secret),
  );
  assert.deepEqual(
    carriers.map((request) => `${request.method()} ${new URL(request.url()).pathname}`),
    ['POST /step-up/page'],
  );
}
