import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { verify } from '../step-up/app.js';
import { WRONG } from '../step-up/fake-methods.js';
import { actionApp, answer, ask, assertNotApproved, ONCE, TRANSFER } from './app.js';

describe('the challenge of an action', () => {
  it('expires five minutes after it was made', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const [early, late] = [await ask(browser, ONCE), await ask(browser, ONCE)];
    app.clock.set(early.expiresAt - 1);
    assert.equal((await answer(browser, early, app.key)).status, 200);
    app.clock.set(late.expiresAt);
    assert.equal((await answer(browser, late, app.key)).body.code, 'step_up_failed');
  });

  it('is answered once, wrongly or rightly', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    for (const response of [WRONG, null]) {
      const challenge = await ask(browser, ONCE);
      const first =
        response === null ? answer(browser, challenge, app.key) : verify(browser, 'key', response, challenge.id);
      assert.equal((await first).status, response === null ? 200 : 403);
      assert.equal((await answer(browser, challenge, app.key)).body.code, 'step_up_failed');
    }
  });

  it('is refused and used up by an answer with a method that its rule doesn’t allow', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const challenge = await ask(browser, TRANSFER);
    assert.equal((await verify(browser, 'code', app.code.right(null), challenge.id)).body.code, 'step_up_failed');
    assert.equal((await answer(browser, challenge, app.key)).body.code, 'step_up_failed');
    await assertNotApproved(browser, TRANSFER);
    assert.deepEqual(app.code.asked, []); // its answer was not even looked at
    assert.equal((await browser.get('/auth/step-up')).body.methods[1].verifiedAt, null);
  });

  it('is one of sixteen: the oldest goes', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const challenges = [];
    for (let count = 0; count < 17; count += 1) {
      challenges.push(await ask(browser, { path: `/once?${count}` }));
      app.clock.advance(1);
    }
    const [first, second] = challenges;
    assert.ok(first && second);
    assert.equal((await answer(browser, first, app.key)).body.code, 'step_up_failed');
    assert.equal((await answer(browser, second, app.key)).status, 200);
  });

  it('is another for the same request, though it commits to the same digest', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const [one, other] = [await ask(browser, ONCE), await ask(browser, ONCE)];
    assert.notEqual(one.id, other.id);
    assert.notDeepEqual(one.methods, other.methods);
  });
});
