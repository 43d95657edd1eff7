import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import express from 'express';
import type { Middleware } from '../../lib/http/require-session.js';
import type { Method } from '../../lib/methods/method.js';
import { stepgate } from '../../lib/stepgate.js';
import type { Store } from '../../lib/stores/contract/store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { copyOf, stepUpApp, verify } from '../step-up/app.js';
import { fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { frameworks } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { ORIGIN, SECRET } from '../support/instance.js';
import {
  actionApp,
  answer,
  approve,
  ask,
  assertNotApproved,
  assertPasses,
  EITHER,
  ONCE,
  send,
  TRANSFER,
} from './app.js';

describe('a guard for one request', () => {
  it('goes by the URL that was sent, below any router', async () => {
    const app = actionApp({
      routes: (auth) => {
        const router = express.Router();
        const guard = auth.requireFreshStepUp({ method: 'key', bind: ({ params }) => ({ from: params['account'] }) });
        router.post('/:account/transfers', guard, (req, res) => void res.json(req.auth));
        const mounted = router as unknown as Middleware; // its types ask for Express' request, which it gets
        return { '/eur': [mounted], '/usd': [mounted] };
      },
    });
    const browser = await app.signIn();
    const request = { path: '/eur/1/transfers' };
    await approve(browser, request, app.key);
    await assertNotApproved(browser, { path: '/usd/1/transfers' });
    await assertNotApproved(browser, { path: '/eur/2/transfers' });
    const { body } = await send(browser, request);
    assert.deepEqual(body.action, { payload: { from: '1' }, method: 'key' });
  });

  it('minds the order of a query, its spelling and its repeats', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const request = { path: '/once?from=1&to=2' };
    await approve(browser, request, app.key);
    for (const path of [
      '/once?to=2&from=1',
      '/once?from=1&to=2&to=3',
      '/once?from=1&to=%32',
      '/once?from=1',
      '/once',
    ]) {
      await assertNotApproved(browser, { path });
    }
    await assertPasses(browser, request);
  });

  for (const [framework, create] of Object.entries(frameworks)) {
    it(`takes what a router of ${framework} cuts off for a part of the URL`, async () => {
      const app = actionApp({ create }); // `use` cuts the path off, there
      const browser = await app.signIn();
      await approve(browser, { path: '/once/1' }, app.key);
      await assertNotApproved(browser, { path: '/either/1' });
      await assertNotApproved(browser, { path: '/once/2' });
      await assertPasses(browser, { path: '/once/1' });
    });
  }

  it('takes any of its methods, and says which it was', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    for (const method of [app.code, app.key]) {
      const challenge = await ask(browser, EITHER);
      assert.deepEqual(Object.keys(challenge.methods), ['key', 'code']);
      assert.deepEqual(challenge.methods['code'], { options: null });
      assert.equal((await answer(browser, challenge, method)).status, 200);
      await assertPasses(browser, EITHER);
    }
    assert.deepEqual(app.approved, [
      { payload: null, method: 'code' },
      { payload: null, method: 'key' },
    ]);
  });

  it('brings a ceremony for the methods that the user has, and takes no other', async () => {
    const app = actionApp();
    app.code.users.delete('ada');
    const browser = await app.signIn();
    const response = await send(browser, EITHER);
    assert.deepEqual(response.body.methods, [
      { method: 'key', enrolled: true },
      { method: 'code', enrolled: false },
    ]);
    const { challenge } = response.body;
    assert.deepEqual(Object.keys(challenge.methods), ['key']);
    app.code.users.add('ada'); // it is younger than the challenge
    assert.equal((await verify(browser, 'code', app.code.right(null), challenge.id)).body.code, 'step_up_failed');
  });

  it('is refused for good where the user has none of its methods', async () => {
    const app = actionApp();
    app.key.users.clear();
    const browser = await app.signIn();
    for (const request of [ONCE, TRANSFER]) {
      const { status, body } = await send(browser, request);
      assert.deepEqual([status, body.code, body.challenge], [403, 'step_up_unavailable', undefined]);
      assert.deepEqual(body.methods, [{ method: 'key', enrolled: false }]);
      assert.deepEqual(body.rule, { method: 'key', once: true });
    }
    assert.deepEqual(app.told('step-up.asked'), []);
  });

  it('leaves out a method whose ceremony can’t begin', async () => {
    const broken = { ...fakeKey('broken'), begin: () => Promise.reject(new Error('no card reader')) };
    const key = fakeKey();
    const app = stepUpApp({
      methods: [broken, key],
      rules: {},
      routes: (auth) => ({ '/any': [auth.requireFreshStepUp({ method: ['broken', 'key'], once: true })] }),
    });
    const browser = await app.signIn();
    const challenge = await ask(browser, { path: '/any' });
    assert.deepEqual(Object.keys(challenge.methods), ['key']);
    assert.equal((await answer(browser, challenge, key)).status, 200);
    await assertPasses(browser, { path: '/any' });
  });

  it('asks somebody to sign in first, and takes no API key', async () => {
    const app = actionApp({ apiKeys: { prefix: 'bank_', verify: () => ({ userId: 'ada' }) } });
    assertRefused(await send(new Browser(app.app), TRANSFER), 401, 'session_required');
    const headers = { Authorization: 'Bearer bank_1' };
    assertRefused(await send(new Browser(app.app), { ...TRANSFER, headers }), 403, 'api_key_refused');
  });

  it('can’t be made where the store keeps no grants', () => {
    const { grants: _, ...store } = memoryStore();
    const instance = stepgate<readonly Method[]>({ secret: SECRET, issuer: ORIGIN, store, methods: [fakeKey()] });
    const error = (rule: { method: string; once: true } | { method: string; bind(): object }): void =>
      assert.throws(() => instance.requireFreshStepUp(rule), {
        name: 'SetupError',
        message: /needs `grants` in the store/,
      });
    error({ method: 'key', once: true });
    error({ method: 'key', bind: () => ({}) });
    assert.ok(instance.requireFreshStepUp({ method: 'key', maxAge: '5m' }));
    return instance.close();
  });
});

/** Another store, which answers each instance that it is its own. */
function letsAnybodyIn(store: Store): Store {
  const claim = async (realm: string): Promise<string> => realm;
  const parts = Object.entries(store).filter(([, part]) => typeof part === 'object');
  return { ...store, ...Object.fromEntries(parts.map(([name, part]) => [name, { ...part, claim }])) };
}

describe('two instances', () => {
  it('with another issuer don’t share a store: the later is refused it', async () => {
    const store = memoryStore();
    const [one, other] = [actionApp({ store }), actionApp({ store, issuer: 'https://other.example' })];
    const browser = await one.signIn();
    await approve(browser, ONCE, one.key);
    assertRefused(await send(copyOf(browser, other.app), ONCE), 500, 'store_unavailable');
    await assertPasses(browser, ONCE);
  });

  it('with another issuer take no grants of each other, even if the store doesn’t tell them apart', async () => {
    const store = letsAnybodyIn(memoryStore());
    const [one, other] = [actionApp({ store }), actionApp({ store, issuer: 'https://other.example' })];
    const browser = await one.signIn();
    await approve(browser, ONCE, one.key);
    const there = copyOf(browser, other.app);
    assert.equal((await there.get('/me')).status, 200); // it is the same session
    await assertNotApproved(there, ONCE);
    await assertPasses(browser, ONCE);
  });

  it('of one app, in two processes, take each other’s, once', async () => {
    const store = memoryStore();
    const [one, other] = [actionApp({ store }), actionApp({ store })];
    const browser = await one.signIn();
    await approve(browser, ONCE, one.key);
    await assertPasses(copyOf(browser, other.app), ONCE);
    await assertNotApproved(browser, ONCE, 'spent');
  });

  it('with stores of their own know nothing of each other', async () => {
    const [one, other] = [actionApp(), actionApp()];
    const browser = await one.signIn();
    await approve(browser, ONCE, one.key);
    assertRefused(await send(copyOf(browser, other.app), ONCE), 401, 'session_invalid');
  });
});
