import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { beginSignIn, passkeyApp } from '../http/passkey-app.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';

/** A store that notes what it is asked to do, but for whose it is. */
function watched(store: Store, calls: string[]): Store {
  const parts = Object.entries(store).filter(([, part]) => typeof part === 'object');
  const noted = parts.map(([name, part]) => [
    name,
    new Proxy(part as Readonly<Record<string, unknown>>, {
      get(target, operation: string) {
        if (operation !== 'claim') calls.push(`${name}.${operation}`);
        return target[operation];
      },
    }),
  ]);
  return { ...store, ...Object.fromEntries(noted) };
}

/** Whoever can make the store write without signing in can fill it. (100,000 challenges: see the challenges' own test.) */
describe('a stranger who asks for one sign-in after the other', () => {
  it('makes the store do nothing at all', async () => {
    const calls: string[] = [];
    const app = passkeyApp({ store: watched(memoryStore(), calls) });
    const browser = new Browser(app.app);
    calls.length = 0;
    for (let count = 0; count < 500; count += 1) {
      if (count % 2 === 0) browser.cookies.clear();
      await beginSignIn(browser);
    }
    assert.deepEqual(calls, []);
  });

  it('makes it do nothing with challenges of its own making', async () => {
    const calls: string[] = [];
    const app = passkeyApp({ store: watched(memoryStore(), calls) });
    const browser = new Browser(app.app);
    const { challengeId } = await beginSignIn(browser);
    calls.length = 0;
    for (const id of ['x', challengeId.toLowerCase(), `${challengeId.slice(1)}A`, 'A'.repeat(54)]) {
      const body = { challengeId: id, response: {} };
      assertRefused(await browser.post('/auth/sign-in/passkey', { body }), 403, 'sign_in_refused');
    }
    assert.deepEqual(calls, []);
  });

  it('can have each challenge marked as spent, until its end and no longer', async () => {
    const calls: string[] = [];
    const store = memoryStore();
    const app = passkeyApp({ store: watched(store, calls) });
    const browser = new Browser(app.app);
    calls.length = 0;
    for (let count = 0; count < 10; count += 1) {
      const { challengeId } = await beginSignIn(browser);
      await browser.post('/auth/sign-in/passkey', { body: { challengeId, response: {} } });
    }
    assert.deepEqual(new Set(calls), new Set(['challenges.spend']));
    app.clock.advance('5m');
    assert.equal(await store.challenges.deleteExpired(app.clock.now(), 100), 10);
  });
});
