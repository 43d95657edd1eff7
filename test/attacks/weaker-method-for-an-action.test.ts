import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { actionApp, answer, ask, assertNotApproved, TRANSFER } from '../actions/app.js';
import { begin, verify } from '../step-up/app.js';
import { assertRefused } from '../support/answers.js';

/** OWASP Transaction Authorization 1.5: the client can't choose a weaker way than the one the server asks for. */
describe('somebody with a session and the user’s code, but without the key', () => {
  it('can’t answer the challenge of an action that takes the key only, and has used it up', async () => {
    const app = actionApp();
    const thief = await app.signIn();
    const challenge = await ask(thief, TRANSFER);
    assertRefused(await verify(thief, 'code', app.code.right(null), challenge.id), 403, 'step_up_failed');
    assert.deepEqual(app.told('step-up.failed').length, 1);
    assertRefused(await answer(thief, challenge, app.key), 403, 'step_up_failed');
    await assertNotApproved(thief, TRANSFER);
    assert.deepEqual(app.passed, []);
  });

  it('can’t leave the challenge out, nor bring one that is for the code', async () => {
    const app = actionApp();
    const thief = await app.signIn();
    await ask(thief, TRANSFER);
    assert.equal((await verify(thief, 'code', app.code.right(null))).status, 200); // a proof of the code, no more
    await assertNotApproved(thief, TRANSFER);
    const { challengeId } = await begin(thief, 'code');
    assert.equal((await verify(thief, 'code', app.code.right(null), challengeId)).status, 200);
    await assertNotApproved(thief, TRANSFER);
    assert.deepEqual(app.passed, []);
  });

  it('can’t name the method in another way', async () => {
    const app = actionApp();
    const thief = await app.signIn();
    for (const method of ['KEY', 'key ', 'constructor', '__proto__', '']) {
      const { id } = await ask(thief, TRANSFER);
      assertRefused(await verify(thief, method, app.code.right(null), id), 400, 'request_invalid');
    }
    await assertNotApproved(thief, TRANSFER);
  });
});
