import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { Method } from '../../lib/methods/method.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';
import { forEachStore } from '../support/stores.js';
import { confirm, copyOf, type StepUpApp, stepUp, stepUpApp, verify } from './app.js';
import { fakeCode, fakeKey } from './fake-methods.js';

const key = fakeKey();

interface Verifying extends StepUpApp {
  readonly browser: Browser;
  /** The id of its session. */
  readonly id: string;
  /** Lets the method say that the answer is right; gives what the request is answered with. */
  finish(): Promise<Response>;
}

/** A request whose answer the method is just looking at, as a password's hash takes time. */
async function verifying(store: Store): Promise<Verifying> {
  const hash = new EventEmitter();
  const began = once(hash, 'began');
  const slow: Method = {
    ...fakeCode('slow'),
    async verify() {
      const finished = once(hash, 'finished');
      hash.emit('began');
      await finished;
      return { outcome: 'verified' };
    },
  };
  const rules = { '/key': { method: 'key', maxAge: '5m' }, '/slow': { method: 'slow', maxAge: '5m' } } as const;
  const app = stepUpApp({ methods: [key, slow], rules, store, idleLifetime: '1h' });
  const browser = await app.signIn();
  const { id } = (await browser.get('/me')).body.session;
  const answered = verify(copyOf(browser, app.app), 'slow', {});
  await began;
  return {
    ...app,
    browser,
    id,
    finish() {
      hash.emit('finished');
      return answered;
    },
  };
}

forEachStore((_name, makeStore) => {
  describe('an answer that is right, but whose session', () => {
    const changes: Readonly<Record<string, (scene: Verifying) => unknown>> = {
      'was revoked meanwhile': ({ auth, id }) => auth.sessions.revoke(id),
      'was signed out meanwhile': ({ browser, app }) => copyOf(browser, app).post('/auth/logout'),
      'came to its end meanwhile': ({ clock }) => clock.advance('1h'),
      'got another token meanwhile, which is in use': async (scene) => {
        await stepUp(scene.browser, key);
        await confirm(scene, scene.browser);
      },
      'got two other tokens meanwhile': async ({ browser }) => {
        await stepUp(browser, key);
        await stepUp(browser, key);
      },
    };

    for (const [what, change] of Object.entries(changes)) {
      it(`${what} makes no proof: 401`, async () => {
        const scene = await verifying(await makeStore());
        await change(scene);
        assertRefused(await scene.finish(), 401, 'session_invalid');
        assert.deepEqual(
          scene.told('step-up.succeeded').map((event) => 'method' in event && event.method),
          what.startsWith('got two') ? ['key', 'key'] : what.startsWith('got') ? ['key'] : [],
        );
        const row = await scene.store.sessions.get(scene.id);
        assert.ok(row === null || !('slow' in row.stepUpProofs));
      });
    }

    it('got another token meanwhile, which nobody has used, makes this proof and takes the other’s away', async () => {
      const scene = await verifying(await makeStore());
      await stepUp(scene.browser, key);
      assert.equal((await scene.finish()).status, 200);
      const row = await scene.store.sessions.get(scene.id);
      assert.deepEqual(Object.keys(row?.stepUpProofs ?? {}), ['slow']);
      assert.equal((await scene.browser.post('/key')).body.code, 'step_up_required');
    });
  });
});
