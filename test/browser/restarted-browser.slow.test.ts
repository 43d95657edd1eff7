import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from '@jest/globals';
import express from 'express';
import { type BrowserContext, chromium } from 'playwright-core';
import { manualClock } from '../../lib/testing/manual-clock.js';
import { ARGUMENTS, executablePath, missingChromium } from '../example-app/chromium.js';
import { testApp } from '../support/app.js';
import { cleanUp } from '../support/clean-up.js';
import { testInstance } from '../support/instance.js';
import { describeIfPresent } from '../support/needs.js';

const CASES = (['cookie', 'token-cookies'] as const).flatMap((delivery) =>
  [true, false].map((persistent) => ({ delivery, persistent, name: `${delivery}-${persistent}` })),
);

const DAY = 86_400;

/** All cases on one site, each with an instance and cookies of its own, and a browser with one profile. */
async function arrange() {
  const app = express();
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp(() => server.close());
  const site = `http://localhost:${(server.address() as AddressInfo).port}`; // it listens on a port
  const clock = manualClock();
  for (const { name, delivery } of CASES) {
    const lasting = { issuer: site, insecureCookies: true, absoluteLifetime: '500d', idleLifetime: '500d' } as const;
    const { auth } = testInstance({ clock, delivery, cookieName: name, ...lasting });
    app.use(`/${name}`, testApp(auth).app);
  }
  app.get('/', (_req, res) => void res.type('html').send('<title>An app</title>'));

  const profile = mkdtempSync(join(tmpdir(), 'stepgate-profile-'));
  let browser: BrowserContext | null = null;
  const close = async (): Promise<void> => {
    await browser?.close();
  };
  cleanUp(async () => {
    await close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  });
  return {
    clock,
    /** For how many days the browser keeps its cookie of this name. */
    async daysOf(name: string): Promise<number | undefined> {
      const cookies = (await browser?.cookies()) ?? [];
      const expires = cookies.find((cookie) => cookie.name === name)?.expires;
      return expires && Math.round((expires - Date.now() / 1_000) / DAY);
    },
    /** Closes the browser that is open, as its user does, and opens it anew. */
    async open() {
      await close();
      browser = await chromium.launchPersistentContext(profile, { executablePath, args: [...ARGUMENTS] });
      const page = await browser.newPage();
      await page.goto(site);
      return async (method: string, path: string, body?: object): Promise<number> => {
        const headers = { 'Content-Type': 'application/json' };
        const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
        return page.evaluate(async (sent) => (await fetch(sent.path, sent.init)).status, { path, init });
      };
    },
  };
}

describeIfPresent('a session that is not persistent', missingChromium, () => {
  it('is gone when the browser was closed and opened again; a persistent one is there', async () => {
    const { open } = await arrange();
    const before = await open();
    for (const { name, persistent } of CASES) {
      assert.equal(await before('POST', `/${name}/login`, { persistent }), 200, name);
      assert.equal(await before('GET', `/${name}/me`), 200, name);
    }
    const after = await open();
    for (const { name, persistent } of CASES) {
      assert.equal(await after('GET', `/${name}/me`), persistent ? 200 : 401, name);
    }
  });
});

describeIfPresent('a session of 500 days', missingChromium, () => {
  it('has its cookie, which the browser cuts to 400 days, renewed by GET /session', async () => {
    const { open, clock, daysOf } = await arrange();
    const send = await open();
    assert.equal(await send('POST', '/cookie-true/login', {}), 200);
    assert.equal(await daysOf('cookie-true'), 400);
    clock.advance('350d');
    assert.equal(await send('GET', '/cookie-true/me'), 200);
    assert.equal(await daysOf('cookie-true'), 400);
    assert.equal(await send('GET', '/cookie-true/auth/session'), 200);
    assert.equal(await daysOf('cookie-true'), 150);
  });
});
