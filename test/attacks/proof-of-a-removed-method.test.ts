// The authenticator is lost or stolen, and its owner or the helpdesk removes it: what was proved with it must not go on opening doors, least of all the one to enrol another.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { actionApp, answer, approve, ask, assertNotApproved, TRANSFER } from '../actions/app.js';
import { stepUp } from '../step-up/app.js';
import { fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { forEachStore } from '../support/stores.js';

forEachStore((_name, makeStore) => {
  describe('a method that was removed', () => {
    const setUp = async (t: TestContext) =>
      actionApp(t, { store: await makeStore(), routes: (auth) => ({ '/enrol': [auth.requireEnrolmentProof] }) });

    it('opens nothing in any of the user’s sessions: no guard, no enrolment, no approval, no challenge', async (t) => {
      const app = await setUp(t);
      const [laptop, phone] = [await app.signIn(), await app.signIn()];
      for (const browser of [laptop, phone]) await stepUp(browser, app.key);
      await approve(laptop, TRANSFER, app.key);
      const open = await ask(laptop, { path: '/once' });
      for (const path of ['/key', '/enrol']) assert.equal((await laptop.post(path)).status, 200);
      app.key.users.delete('ada');
      await app.auth.methods.remove('ada', 'key');
      for (const browser of [laptop, phone]) {
        for (const path of ['/key', '/enrol', '/once']) assert.notEqual((await browser.post(path)).status, 200, path);
      }
      const passed = app.passed.length;
      app.key.users.add('ada'); // another key, in the thief's hands: it must be proved by itself
      await assertNotApproved(laptop, TRANSFER);
      for (const path of ['/key', '/enrol']) assert.equal((await laptop.post(path)).status, 401, path);
      assertRefused(await answer(laptop, open, app.key), 403, 'step_up_failed');
      assert.equal(app.passed.length, passed);
    });

    it('leaves what was proved with another method, and other users, as they are', async (t) => {
      const app = await setUp(t);
      const [ada, bea] = [await app.signIn(), await app.signIn('bea')];
      await approve(ada, { path: '/either' }, app.code);
      await stepUp(bea, app.key);
      app.key.users.delete('ada');
      await app.auth.methods.remove('ada', 'key');
      assert.equal((await ada.post('/either')).status, 200);
      assert.equal((await bea.post('/key')).status, 200);
    });
  });
});

describe('a method that the app takes away by itself', () => {
  it('opens nothing from then on, whatever was proved with it before', async (t) => {
    const app = actionApp(t);
    const browser = await app.signIn('ada', { method: 'key' });
    await stepUp(browser, app.key);
    await approve(browser, TRANSFER, app.key);
    app.key.users.delete('ada');
    for (const request of [{ path: '/key' }, TRANSFER]) {
      const { path, ...sent } = request;
      assert.equal((await browser.post(path, sent)).body.code, 'step_up_unavailable');
    }
    assert.deepEqual(app.passed, []);
  });

  it('can’t be passed any more, and an answer to it isn’t even looked at or counted', async (t) => {
    const app = actionApp(t);
    const browser = await app.signIn();
    app.code.users.delete('ada');
    for (let count = 0; count < 6; count += 1) {
      const body = { method: 'code', response: fakeKey('code').right({ sign: 'x' }) };
      assertRefused(await browser.post('/auth/step-up/verify', { body }), 403, 'step_up_failed');
    }
    assert.deepEqual(app.code.asked, []);
    const reasons = app.told('step-up.failed').map((event) => 'reason' in event && event.reason);
    assert.deepEqual(reasons, Array(6).fill('unknown-credential'));
    app.code.users.add('ada');
    await stepUp(browser, app.code);
  });
});
