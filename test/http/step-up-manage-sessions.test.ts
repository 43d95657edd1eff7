import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { SetupError } from '../../lib/internal/setup-error.js';
import { copyOf, type StepUpApp, stepUp, stepUpApp } from '../step-up/app.js';
import { type FakeMethod, fakeKey } from '../step-up/fake-methods.js';
import { assertAsked } from '../step-up/refusals.js';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';

const HEADER = { acr_values: 'phr', max_age: '300' };

/** An app whose users have to step up to end a session by way of the list, below `/managed`. */
function scene(): StepUpApp & { readonly key: FakeMethod } {
  const key = fakeKey();
  const routes: Parameters<typeof stepUpApp>[0] = {
    methods: [key],
    rules: {},
    routes: (auth) => ({ '/managed': [auth.router({ manageSessions: { method: 'key', maxAge: '5m' } })] }),
  };
  return { ...stepUpApp(routes), key };
}

const idOf = async (browser: Browser): Promise<string> => (await browser.get('/me')).body.session.id;

describe('the option manageSessions of the router', () => {
  it('asks for its proof before a session is ended', async () => {
    const { signIn, key } = scene();
    const browser = await signIn();
    const other = await signIn();
    const path = `/managed/sessions/${await idOf(other)}`;
    for (const refused of [path, '/managed/sessions', '/managed/sessions?keep=current']) {
      assert.equal(assertAsked(await browser.delete(refused), HEADER).reason, 'missing');
    }
    assert.equal((await other.get('/me')).status, 200);
    await stepUp(browser, key);
    assert.equal((await browser.delete(path)).status, 204);
    assert.equal((await other.get('/me')).status, 401);
    assert.equal((await browser.delete('/managed/sessions')).status, 204);
    assert.equal((await browser.get('/me')).status, 401);
  });

  it('takes no proof that is too old, nor the token from before a step-up', async () => {
    const app = scene();
    const browser = await app.signIn();
    const old = copyOf(browser, app.app);
    await stepUp(browser, app.key);
    assertRefused(await old.delete('/managed/sessions'), 401, 'session_invalid');
    app.clock.advance('5m');
    assert.equal(assertAsked(await browser.delete('/managed/sessions'), HEADER).reason, 'expired');
  });

  it('asks for it whatever the id, so that nobody learns of sessions', async () => {
    const { signIn } = scene();
    const browser = await signIn();
    const others = await signIn('bea');
    for (const id of ['x', 'A'.repeat(22), await idOf(others)]) {
      assertAsked(await browser.delete(`/managed/sessions/${id}`), HEADER);
    }
  });

  it('asks for nothing to look at the list and to sign out', async () => {
    const { signIn } = scene();
    const browser = await signIn();
    assert.equal((await browser.get('/managed/sessions')).status, 200);
    assert.equal((await browser.get('/managed/session')).status, 200);
    assert.equal((await browser.post('/managed/logout')).status, 204);
  });

  it('leaves another router as it is', async () => {
    const { signIn } = scene();
    assert.equal((await (await signIn()).delete('/auth/sessions')).status, 204);
  });

  it('is checked when the router is made', () => {
    const { auth } = stepUpApp();
    assert.throws(() => auth.router({ manageSessions: { method: 'pin', maxAge: '5m' } }), SetupError);
  });
});
