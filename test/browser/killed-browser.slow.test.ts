import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { it } from '@jest/globals';
import express from 'express';
import { password } from '../../lib/methods/password.js';
import { manualClock } from '../../lib/testing/manual-clock.js';
import { missingChromium } from '../example-app/chromium.js';
import { testApp } from '../support/app.js';
import { cleanUp } from '../support/clean-up.js';
import { type TestInstance, testInstance } from '../support/instance.js';
import { describeIfPresent } from '../support/needs.js';
import { pin, RIGHT_PIN } from '../support/pin.js';
import { type KillableChromium, startChromium } from './killable.js';

const METHODS = [password({ verify: (_userId, given) => given === 'sesame' }), pin] as const;
const RIGHT_ANSWERS = { password: { password: 'sesame' }, pin: RIGHT_PIN } as const;
type Name = keyof typeof RIGHT_ANSWERS;

interface Case {
  readonly name: string;
  readonly delivery: 'cookie' | 'token-cookies';
  /** What gave the session new cookies just before the browser was killed. */
  readonly change: 'refresh' | 'step-up';
  /** The method that it steps up by once it is back. */
  readonly method: Name;
}

const CASES = (['password', 'pin'] as const).flatMap((method): readonly Case[] => [
  { name: `refresh-${method}`, delivery: 'token-cookies', change: 'refresh', method },
  { name: `tokens-${method}`, delivery: 'token-cookies', change: 'step-up', method },
  { name: `cookie-${method}`, delivery: 'cookie', change: 'step-up', method },
]);

/** All cases in one browser, each with an instance, an app and cookies of its own: so all of them share the real waits. */
async function arrange() {
  const clock = manualClock();
  const app = express();
  const server = createServer(app);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  cleanUp(() => server.close());
  const { port } = server.address() as AddressInfo; // it listens on a port
  const site = `http://localhost:${port}`;
  const instances = new Map<Case, TestInstance<Name>>();
  for (const each of CASES) {
    const { name, delivery } = each;
    const origin = { issuer: site, insecureCookies: true, cookieName: name };
    const instance = testInstance({ clock, methods: METHODS, delivery, ...origin });
    instances.set(each, instance);
    app.use(`/${name}`, testApp(instance.auth).app);
  }
  app.get('/', (_req, res) => void res.type('html').send('<title>An app</title>'));

  const profile = await mkdtemp(join(tmpdir(), 'stepgate-profile-'));
  let browser: KillableChromium | null = null;
  cleanUp(async () => {
    await browser?.kill();
    server.closeAllConnections();
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  });
  const open = (): KillableChromium => {
    assert.ok(browser);
    return browser;
  };

  return {
    clock,
    async start(): Promise<void> {
      browser = await startChromium(profile, site);
    },
    kill: () => open().kill(),
    /** Chromium writes its cookies half a minute after the first of them has changed. */
    async untilCookiesAreWritten(): Promise<void> {
      const timeOf = async (): Promise<number> =>
        (await stat(join(profile, 'Default', 'Cookies')).catch(() => null))?.mtimeMs ?? 0;
      const before = await timeOf();
      const giveUpAt = Date.now() + 60_000;
      while ((await timeOf()) === before) {
        assert.ok(Date.now() < giveUpAt, 'no cookies were written within a minute');
        await wait(250);
      }
      await wait(1_000); // more than one write may make a commit
    },
    async cookies(): Promise<readonly string[]> {
      const all = await open().page.context().cookies();
      return all.map(({ name, value }) => `${name}=${value}`).sort();
    },
    send({ name }: Case, method: string, path: string, body: object = {}): Promise<number> {
      const sent = { url: `/${name}${path}`, init: { method, ...(method === 'GET' ? {} : jsonOf(body)) } };
      return open().page.evaluate(async ({ url, init }) => (await fetch(url, init)).status, sent);
    },
    /** What the touch queue was given by the requests is written. */
    async flush(): Promise<void> {
      for (const { auth } of instances.values()) await auth.flush();
    },
    eventsOf: (each: Case): readonly string[] => instances.get(each)?.events.map(({ type }) => type) ?? [],
  };
}

function jsonOf(body: object) {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

describeIfPresent('a browser that is killed', missingChromium, () => {
  it('is signed in and can step up when it is back, whichever cookies it had written', async () => {
    const { clock, start, kill, untilCookiesAreWritten, cookies, send, flush, eventsOf } = await arrange();
    async function expectAll(method: string, path: string, bodyOf: (each: Case) => object = () => ({})): Promise<void> {
      for (const each of CASES) {
        assert.equal(await send(each, method, path, bodyOf(each)), 200, `${each.name}: ${method} ${path}`);
      }
    }
    async function stepUp(cases: readonly Case[], nameOf: (each: Case) => Name): Promise<void> {
      for (const each of cases) {
        const answer = { method: nameOf(each), response: RIGHT_ANSWERS[nameOf(each)] };
        assert.equal(await send(each, 'POST', '/auth/step-up/verify', answer), 200, `${each.name}: ${answer.method}`);
      }
    }
    const refreshing = CASES.filter(({ change }) => change === 'refresh');
    const steppingUp = CASES.filter(({ change }) => change === 'step-up');
    const withRefreshToken = CASES.filter(({ delivery }) => delivery === 'token-cookies');
    async function refresh(cases: readonly Case[]): Promise<void> {
      for (const each of cases) assert.equal(await send(each, 'POST', '/auth/token/refresh'), 200, each.name);
    }

    await start();
    await expectAll('POST', '/login');
    const signedIn = await cookies();
    await untilCookiesAreWritten();

    clock.advance('1m');
    await expectAll('GET', '/me');
    await flush();
    await refresh(refreshing);
    await stepUp(steppingUp, () => 'password');
    clock.advance('29s');
    await expectAll('GET', '/me');
    await flush();
    assert.notDeepEqual(await cookies(), signedIn);
    await kill();

    await start();
    assert.deepEqual(await cookies(), signedIn);
    await expectAll('GET', '/me');
    await stepUp(CASES, ({ method }) => method);
    await expectAll('GET', '/me');
    clock.advance('1h'); // the access tokens expire
    await refresh(withRefreshToken);
    await expectAll('GET', '/me');
    const renewed = await cookies();
    await untilCookiesAreWritten();

    clock.advance('1m');
    await expectAll('GET', '/me');
    await flush();
    await kill();
    await start();
    assert.deepEqual(await cookies(), renewed);
    await expectAll('GET', '/me');
    await refresh(withRefreshToken);
    await stepUp(CASES, ({ method }) => method);
    await expectAll('GET', '/me');
    for (const each of CASES) {
      const ended = ['session.refresh-reused', 'session.revoked', 'session.refused'];
      assert.deepEqual(
        eventsOf(each).filter((type) => ended.includes(type)),
        [],
        each.name,
      );
    }
  });
});
