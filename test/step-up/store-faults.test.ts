import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';
import { forEachStore } from '../support/stores.js';
import { begin, type StepUpApp, stepUp, stepUpApp, verify } from './app.js';
import { fakeCode, fakeKey, WRONG } from './fake-methods.js';
import { type FaultyParts, faultyParts } from './faulty-parts.js';

/** What a verify asks the store, in its order. */
const STEPS = [
  'sessions.find',
  'attempts.read',
  'challenges.take',
  'attempts.count',
  'attempts.reset',
  'sessions.change',
];

type Fault = (run: () => unknown) => unknown;

const FAULTS: Readonly<Record<string, Fault>> = {
  throws() {
    throw new Error('SQLITE_IOERR in /var/lib/app.db');
  },
  rejects: () => Promise.reject(new Error('SQLITE_IOERR in /var/lib/app.db')),
  'answers with a word': async () => 'row',
};

async function lost(run: () => unknown): Promise<never> {
  await run();
  throw new Error('the connection is gone');
}

const key = fakeKey();
const code = fakeCode();

interface Scene extends StepUpApp {
  readonly store: FaultyParts;
  readonly browser: Browser;
}

async function scene(inner: Store, storeTimeout = 5): Promise<Scene> {
  const store = faultyParts(inner);
  const app = stepUpApp({ methods: [key, code], store, storeTimeout });
  return { ...app, store, browser: await app.signIn() };
}

/** 500, and the old cookie works, and nothing was proved by it; and then the next step-up succeeds. */
async function assertNothingMade(
  { browser, store, errors }: Scene,
  failing: () => Promise<Response>,
  { isLost = false } = {},
): Promise<void> {
  const before = browser.cookieHeader();
  assertRefused(await failing(), 500, 'store_unavailable');
  assert.equal(browser.cookieHeader(), before);
  store.mend();
  assert.equal((await browser.post('/key')).body.reason, 'missing');
  const { session } = (await browser.get('/me')).body;
  const row = await store.sessions.get(session.id);
  if (!isLost) assert.deepEqual(row?.stepUpProofs, {});
  await stepUp(browser, key);
  assert.equal((await browser.post('/key')).status, 200);
  assert.deepEqual(errors, []);
}

/** Answers rightly, while the store does that. */
async function verifyWith({ browser, store }: Scene, step: string, fault: Fault): Promise<Response> {
  const { challengeId, options } = await begin(browser, 'key');
  store.replace(step, fault);
  return verify(browser, 'key', key.right(options), challengeId);
}

function failures({ told }: Scene): readonly unknown[] {
  return told('dependency.failed').map((event) => 'operation' in event && event.operation);
}

describe('a store that never answers', () => {
  for (const step of STEPS) {
    it(`is answered with 500 after the timeout, and no half of a proof is made: ${step}`, async () => {
      const made = await scene(memoryStore(), 0.05);
      await assertNothingMade(made, () => verifyWith(made, step, () => new Promise(() => {})));
      assert.deepEqual(failures(made), [step]);
    });
  }
});

forEachStore((_name, makeStore) => {
  describe('a store that fails while an answer is verified', () => {
    it('was asked these things, in this order', async () => {
      const { browser, store } = await scene(await makeStore());
      const { challengeId, options } = await begin(browser, 'key');
      store.calls.length = 0;
      await verify(browser, 'key', key.right(options), challengeId);
      assert.deepEqual(
        store.calls.filter((call) => call !== 'sessions.touch' && !call.endsWith('.claim')),
        STEPS,
      );
    });

    for (const step of STEPS) {
      for (const [how, fault] of Object.entries(FAULTS)) {
        if (how === 'answers with a word' && step === 'attempts.reset') continue; // whose answer nobody reads
        it(`is answered with 500, and no half of a proof is made: ${step} ${how}`, async () => {
          const made = await scene(await makeStore());
          await assertNothingMade(made, () => verifyWith(made, step, fault));
          assert.deepEqual(failures(made), [step]);
        });
      }
      it(`is answered with 500, and the next step-up succeeds, when an answer is lost: ${step}`, async () => {
        const made = await scene(await makeStore());
        const losing = () => verifyWith(made, step, lost);
        await assertNothingMade(made, losing, { isLost: step === 'sessions.change' });
      });
    }
  });

  describe('a store that fails elsewhere', () => {
    it('has made no challenge', async () => {
      const made = await scene(await makeStore());
      await assertNothingMade(made, async () => {
        made.store.replace('challenges.insert', () => Promise.reject(new Error('the disk is full')));
        return made.browser.post('/auth/step-up/options', { body: { method: 'key' } });
      });
    });

    it('has not looked at an answer that it couldn’t count', async () => {
      const made = await scene(await makeStore());
      const { challengeId, options } = await begin(made.browser, 'key');
      const asked = key.asked.length;
      made.store.replace('attempts.count', () => Promise.reject(new Error('the disk is full')));
      assertRefused(await verify(made.browser, 'key', key.right(options), challengeId), 500, 'store_unavailable');
      assert.equal(key.asked.length, asked);
      made.store.mend();
      assertRefused(await verify(made.browser, 'key', key.right(options), challengeId), 403, 'step_up_failed');
    });

    it('has ended no session when it couldn’t, and ends it at the next failure', async () => {
      const { browser, store, clock } = await scene(await makeStore());
      for (let count = 0; count < 9; count += 1) {
        if (count === 5) clock.advance('15m');
        assertRefused(await verify(browser, 'code', WRONG), 403, 'step_up_failed');
      }
      store.replace('sessions.revoke', () => Promise.reject(new Error('the disk is full')));
      clock.advance('15m');
      assertRefused(await verify(browser, 'code', WRONG), 500, 'store_unavailable');
      store.mend();
      assert.equal((await browser.get('/me')).status, 200);
      assertRefused(await verify(browser, 'code', WRONG), 403, 'step_up_failed');
      assertRefused(await browser.get('/me'), 401, 'session_invalid');
    });
  });
});
