import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from '@jest/globals';
import type { Middleware } from '../../lib/http/require-session.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { faultyStore } from '../support/faulty-store.js';
import { testInstance } from '../support/instance.js';

type Call = (req: IncomingMessage, res: ServerResponse) => Promise<unknown>;

/** A browser that is signed in, and what the calls of its requests to `/late` reject with. */
async function arrange(callOf: (auth: ReturnType<typeof testInstance>['auth']) => Call) {
  const store = faultyStore(memoryStore());
  const { auth } = testInstance({ store });
  const errors: unknown[] = [];
  const late: Middleware = (req, res) => {
    res.write('x');
    callOf(auth)(req, res)
      .catch((error: unknown) => errors.push(error))
      .finally(() => res.end());
  };
  const browser = new Browser(testApp(auth, { routes: { '/late': [late] } }).app);
  await browser.signIn();
  store.calls.length = 0;
  return { auth, store, browser, errors };
}

describe('once the headers were sent', () => {
  for (const [name, callOf] of Object.entries<(auth: ReturnType<typeof testInstance>['auth']) => Call>({
    signIn: (auth) => (req, res) => auth.signIn(req, res, { userId: 'ada', method: 'password' }),
    credentialsChanged: (auth) => (req, res) => auth.credentialsChanged(req, res),
  })) {
    it(`\`${name}\` rejects with a SetupError, and ends and writes nothing`, async () => {
      const { auth, store, browser, errors } = await arrange(callOf);
      assert.equal((await browser.post('/late')).status, 200);
      const [error] = errors;
      assert.ok(error instanceof TypeError && error.name === 'SetupError', String(error));
      assert.match(error.message, new RegExp(`\`${name}\`.*after the headers were sent.*before anything`));
      assert.deepEqual(store.calls, []);
      assert.equal((await browser.get('/me')).status, 200);
      assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 1);
    });
  }
});
