import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { assertRefused } from '../support/answers.js';
import { actionApp, answer, approve, ask, assertNotApproved, assertPasses, send, TRANSFER } from './app.js';

/** A store with one operation that fails while `failing.now` says so. */
function failingStore(part: 'grants' | 'challenges', operation: string, failing: { now: boolean }) {
  const store = memoryStore();
  const whole = store[part] as unknown as Record<string, (...args: readonly unknown[]) => unknown>; // whichever it is
  const failed = async (...args: readonly unknown[]): Promise<unknown> => {
    if (failing.now) throw new Error('the disk is gone');
    return whole[operation]?.(...args);
  };
  return { ...store, [part]: { ...whole, [operation]: failed } } as typeof store; // the same operations
}

describe('a store that fails', () => {
  for (const [part, operation] of [
    ['grants', 'take'],
    ['challenges', 'insert'],
  ] as const) {
    it(`at ${part}.${operation} lets no request through, and takes nothing`, async () => {
      const failing = { now: false };
      const app = actionApp({ store: failingStore(part, operation, failing) });
      const browser = await app.signIn();
      if (operation === 'take') await approve(browser, TRANSFER, app.key);
      failing.now = true;
      assertRefused(await send(browser, TRANSFER), 500, 'store_unavailable');
      assert.deepEqual(app.passed, []);
      failing.now = false;
      if (operation === 'insert') await approve(browser, TRANSFER, app.key);
      await assertPasses(browser, TRANSFER);
    });
  }

  it('at grants.insert gives no approval, and the client that heard of no new token goes on with its own', async () => {
    const failing = { now: true };
    const app = actionApp({ store: failingStore('grants', 'insert', failing) });
    const browser = await app.signIn();
    const token = browser.cookies.get('__Host-session');
    assertRefused(await answer(browser, await ask(browser, TRANSFER), app.key), 500, 'store_unavailable');
    assert.equal(browser.cookies.get('__Host-session'), token);
    assert.deepEqual(app.told('step-up.succeeded'), []);
    failing.now = false;
    await assertNotApproved(browser, TRANSFER);
    await approve(browser, TRANSFER, app.key);
    assert.notEqual(browser.cookies.get('__Host-session'), token);
    await assertPasses(browser, TRANSFER);
  });

  it('at challenges.take gives no approval', async () => {
    const failing = { now: false };
    const app = actionApp({ store: failingStore('challenges', 'take', failing) });
    const browser = await app.signIn();
    const challenge = await ask(browser, TRANSFER);
    failing.now = true;
    assertRefused(await answer(browser, challenge, app.key), 500, 'store_unavailable');
    failing.now = false;
    await assertNotApproved(browser, TRANSFER);
    assert.equal((await answer(browser, challenge, app.key)).status, 200);
    await assertPasses(browser, TRANSFER);
  });
});
