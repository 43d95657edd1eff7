import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { it } from '@jest/globals';
import type { Response } from 'supertest';
import { parseSecrets } from '../../lib/internal/keys.js';
import { createRefreshTokens } from '../../lib/session/refresh-token.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/clean-up.js';
import { SECRET } from '../support/instance.js';
import { type AppProcess, startApp } from './app-process.js';
import { type Cut, startProxy } from './cutting-proxy.js';
import { forEachServer } from './servers.js';
import type { SharedDatabase } from './shared-store.js';

const MINUTE = 60;

type Place = Pick<Cut, 'before'> & {
  /** Whether the token has been replaced then. */
  readonly isMade: boolean;
};

const ON_REDIS: Readonly<Record<string, Place>> = {
  'before the script': { before: 'message', isMade: false },
  'before its answer': { before: 'answer', isMade: true },
};

const PLACES: Readonly<Record<SharedDatabase['store'], Readonly<Record<string, Place>>>> = {
  postgres: {
    'before the statement, with which its COMMIT goes': { before: 'message', isMade: false },
    'before its answer': { before: 'answer', isMade: true },
  },
  redis: ON_REDIS,
  ioredis: ON_REDIS,
};

function refresh({ url }: AppProcess, refreshToken: string): Promise<Response> {
  return new Browser(url).post('/auth/token/refresh', { body: { refresh_token: refreshToken } });
}

/** Until the client has connected again: ioredis waits before it does. */
async function onceConnected(app: AppProcess, refreshToken: string): Promise<Response> {
  for (;;) {
    const answer = await refresh(app, refreshToken);
    if (answer.status !== 500) return answer;
    await delay(20);
  }
}

/** Stands in the statement that replaces the token, and in no other. */
function hashOf(refreshToken: string): string {
  const token = createRefreshTokens(parseSecrets(SECRET)).read(refreshToken);
  assert.ok(token !== null);
  return token.hash;
}

forEachServer((server, store) => {
  for (const [where, { isMade, before }] of Object.entries(PLACES[store])) {
    it(`gives the client its one successor when the connection was cut in a rotation ${where}`, async () => {
      const proxy = await startProxy(server().database);
      const app = await startApp(proxy.database);
      cleanUp(() => app.stop());
      const signedIn = (await new Browser(app.url).signIn({ delivery: 'bearer' })).body;
      await app.tell({ do: 'advance', by: MINUTE });
      // The first rotation prepares the statement, or loads the script: the next is one message.
      const parent = (await refresh(app, signedIn.refresh_token ?? '')).body;
      await app.tell({ do: 'advance', by: MINUTE });
      await app.tell({ do: 'flush' });

      const text = hashOf(parent.refresh_token);
      proxy.cut({ text, at: text, before });
      assertRefused(await refresh(app, parent.refresh_token), 500, 'store_unavailable');
      assert.equal(proxy.isArmed(), false);

      const retry = await (store === 'ioredis' ? onceConnected : refresh)(app, parent.refresh_token);
      assert.equal(retry.status, 200, retry.text);
      assert.notEqual(retry.body.refresh_token, parent.refresh_token);
      assert.equal((await refresh(app, parent.refresh_token)).body.refresh_token, retry.body.refresh_token);
      const { events } = await app.tell({ do: 'report' });
      assert.equal(events.filter((type) => type === 'session.refreshed').length, isMade ? 0 : 1);
      assert.ok(!events.includes('session.refresh-reused'));
      const headers = { Authorization: `Bearer ${retry.body.access_token}` };
      assert.equal((await new Browser(app.url).get('/me', { headers })).status, 200);
      await app.tell({ do: 'advance', by: MINUTE });
      assert.equal((await refresh(app, retry.body.refresh_token)).status, 200);
    });
  }
});
