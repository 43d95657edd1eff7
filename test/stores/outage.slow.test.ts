import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { verify } from '../step-up/app.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { RIGHT_PIN } from '../support/pin.js';
import { type AppProcess, type AppSettings, startApp } from './app-process.js';
import { startProxy } from './cutting-proxy.js';
import { type Step, startLoad } from './load.js';
import { forEachServer } from './servers.js';
import type { SharedDatabase } from './shared-store.js';

/** How an app may make its client, by store. */
const CLIENTS: Readonly<Record<SharedDatabase['store'], Readonly<Record<string, Partial<SharedDatabase>>>>> = {
  postgres: { 'of a pool': {} },
  redis: {
    'of a client without an offline queue': { redis: { disableOfflineQueue: true } },
    'of a client that lets commands wait for less than `storeTimeout`': {
      redis: { commandOptions: { timeout: 1_000 } },
    },
  },
  ioredis: { 'of a client that keeps no command': {} },
};
const OPTIONS: AppSettings['options'] = { storeTimeout: '2s', refreshGrace: 0 };

async function start(database: SharedDatabase): Promise<AppProcess> {
  // Below `storeTimeout`, as the docs say: a pooler would run what has waited for the server, had its caller gone or not.
  const postgres = { ...database.postgres, timeout: '1s' as const };
  const app = await startApp({ ...database, postgres }, { options: OPTIONS });
  cleanUp(() => app.stop());
  return app;
}

async function signedIn({ url }: AppProcess, userId: string): Promise<Browser> {
  const browser = new Browser(url);
  await browser.signIn({ userId });
  return browser;
}

/** Clients of every kind, none of which gives up. `newcomers` gets those whose sign-in was acknowledged. */
async function clients(app: AppProcess, newcomers: Browser[] = []): Promise<readonly Step[]> {
  const readers = await Promise.all(['reader-1', 'reader-2', 'reader-3'].map((userId) => signedIn(app, userId)));
  const prover = await signedIn(app, 'prover');
  const { body } = await new Browser(app.url).signIn({ userId: 'refresher', delivery: 'bearer' });
  let refreshToken = body.refresh_token;
  return [
    ...readers.map((browser) => () => browser.get('/me')),
    () => verify(prover, 'pin', RIGHT_PIN), // replaces the session token
    // Replaces both tokens. Where the answer is lost it comes again with the same.
    async () => {
      const answer = await new Browser(app.url).post('/auth/token/refresh', { body: { refresh_token: refreshToken } });
      refreshToken = answer.body.refresh_token ?? refreshToken;
      return answer;
    },
    async () => {
      const browser = new Browser(app.url);
      const answer = await browser.post('/login', { body: { userId: 'newcomer' } });
      if (answer.status === 200) newcomers.push(browser);
      return answer;
    },
  ];
}

/** Every answer was good or said what happened, with the cookies kept; nobody was taken for a thief. */
async function assertOnlyUnavailable(app: AppProcess, answers: readonly Response[]): Promise<void> {
  for (const answer of answers) if (answer.status !== 200) assertRefused(answer, 500, 'store_unavailable');
  const { errors, events } = await app.tell({ do: 'report' });
  assert.deepEqual(errors, []);
  assert.ok(!events.includes('session.refresh-reused'));
}

forEachServer((server, store) => {
  for (const [how, client] of Object.entries(CLIENTS[store])) {
    describe(`a store ${how}, whose server is killed under load and comes back`, () => {
      it('is a 500 while the server is away; then the same sessions work in the same process', async () => {
        const { database, kill, restart } = server();
        const app = await start({ ...database, ...client });
        const kept = await signedIn(app, 'kept');
        const cookies = kept.cookieHeader();
        const newcomers: Browser[] = [];
        const load = startLoad(await clients(app, newcomers));
        await load.untilAllGet(200);
        for (let round = 0; round < 2; round += 1) {
          const gone = await signedIn(app, 'gone');
          const copy = new Browser(app.url, new Map(gone.cookies));
          assert.equal((await gone.post('/auth/logout')).status, 204);
          await kill();
          await load.untilAllGet(500); // before the server is back: nothing waits for it
          for (const path of ['/auth/logout', '/login']) {
            assertRefused(await kept.post(path, { body: {} }), 500, 'store_unavailable');
          }
          await restart();
          await load.untilAllGet(200);
          assertRefused(await copy.get('/me'), 401, 'session_invalid');
        }
        await assertOnlyUnavailable(app, await load.end());
        for (const browser of [kept, ...newcomers]) assert.equal((await browser.get('/me')).status, 200);
        assert.equal(kept.cookieHeader(), cookies);
      });

      it('does nothing later of what it was asked meanwhile', async () => {
        const { database, kill, restart } = server();
        const app = await start({ ...database, ...client });
        const kept = await signedIn(app, 'asking');
        const { sessions } = (await kept.get('/auth/sessions')).body;
        await kill();
        const sent = Array.from({ length: 5 }, () => kept.post('/login', { body: { userId: 'asking' } }));
        for (const answer of await Promise.all(sent)) assertRefused(answer, 500, 'store_unavailable');
        await restart();
        const load = startLoad([() => kept.get('/auth/sessions')]);
        await load.untilAllGet(200);
        const [last] = (await load.end()).slice(-1);
        assert.deepEqual(last?.body.sessions, sessions);
      });
    });
  }

  describe('a store whose server doesn’t answer', () => {
    it('is a 500 after `storeTimeout`; then the same sessions work in the same process', async () => {
      const proxy = await startProxy(server().database);
      const app = await start(proxy.database);
      const load = startLoad(await clients(app));
      await load.untilAllGet(200);
      proxy.block();
      await load.untilAllGet(500);
      proxy.unblock();
      await load.untilAllGet(200);
      await assertOnlyUnavailable(app, await load.end());
    });
  });

  it('is no crash; one would be seen: an app that leaves a rejection unhandled ends', async () => {
    const app = await startApp(server().database);
    await Promise.allSettled([app.tell({ do: 'crash' })]);
    await assert.rejects(app.stop());
  });
});
