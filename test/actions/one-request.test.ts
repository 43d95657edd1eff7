import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import type { Stepgate } from '../../lib/stepgate.js';
import type { ActionChallengeJson } from '../../lib/wire.js';
import { begin, copyOf, stepUp, verify } from '../step-up/app.js';
import { assertAsked } from '../step-up/refusals.js';
import { assertRefused } from '../support/answers.js';
import { frameworks, handle } from '../support/app.js';
import {
  type ActionRequest,
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

type Answer = Parameters<Stepgate<string>['verifyOnly']>[1];

for (const [framework, create] of Object.entries(frameworks)) {
  describe(`an approval on ${framework}`, () => {
    it('is asked for with a challenge and a summary, given, and spent by the same request', async () => {
      const app = actionApp({ create });
      const browser = await app.signIn();
      const { id } = (await browser.get('/me')).body.session;

      const asked = assertAsked(await send(browser, TRANSFER), { acr_values: 'phr', max_age: '0' });
      const challenge = asked.challenge as ActionChallengeJson; // compared as a whole below
      const { sign = '' } = (challenge.methods['key']?.options ?? {}) as { sign?: string }; // of the fake key
      assert.match(sign, /^[\w-]{43}$/);
      assert.deepEqual(asked, {
        rule: { method: 'key', once: true },
        reason: 'missing',
        missing: [['key']],
        methods: [{ method: 'key', enrolled: true }],
        challenge: {
          id: challenge.id,
          expiresAt: app.clock.now() + 300_000,
          expiresIn: 300,
          summary: 'Send 10 to bea',
          methods: { key: { options: { sign } } },
        },
      });

      const verified = await answer(browser, challenge, app.key);
      assert.equal(verified.status, 200, verified.text);
      assert.deepEqual(verified.body, {
        session_id: id,
        verified: true,
        userId: 'ada',
        method: 'key',
        verifiedAt: app.clock.now(),
      });
      assert.deepEqual(app.passed, []);

      await assertPasses(browser, TRANSFER);
      assert.deepEqual(app.approved, [{ payload: { to: 'bea', amount: 10 }, method: 'key' }]);
      await assertNotApproved(browser, TRANSFER, 'spent');
      assert.deepEqual(app.passed, ['/transfers']);

      const about = { userId: 'ada', sessionId: id };
      assert.deepEqual(app.told('step-up.asked', 'step-up.succeeded', 'grant.spent'), [
        { type: 'step-up.asked', ...about, methods: ['key'] },
        { type: 'step-up.succeeded', ...about, method: 'key' },
        { type: 'grant.spent', ...about, method: 'key' },
        { type: 'step-up.asked', ...about, methods: ['key'] },
      ]);
      assert.equal((await browser.get('/auth/sessions')).body.sessions.length, 1);
    });

    const others: Readonly<Record<string, ActionRequest>> = {
      'another amount': { ...TRANSFER, body: { to: 'bea', amount: 10.01 } },
      'the amount as text': { ...TRANSFER, body: { to: 'bea', amount: '10' } },
      'another payee': { ...TRANSFER, body: { to: 'Bea', amount: 10 } },
      'another path': { ...TRANSFER, path: '/transfers/' },
      'another path below it': { ...TRANSFER, path: '/transfers/1' },
      'the path in capitals': { ...TRANSFER, path: '/Transfers' },
      'a query': { ...TRANSFER, path: '/transfers?dry=0' },
      'another method': { ...TRANSFER, method: 'PUT' },
    };
    for (const [what, other] of Object.entries(others)) {
      it(`is not for ${what}, and stays good for its own request`, async () => {
        const app = actionApp({ create });
        const browser = await app.signIn();
        await approve(browser, TRANSFER, app.key);
        await assertNotApproved(browser, other);
        assert.deepEqual(app.passed, []);
        await assertPasses(browser, TRANSFER);
      });
    }

    it('is for the same payload with its keys in another order, and with what isn’t bound changed', async () => {
      const app = actionApp({ create });
      const browser = await app.signIn();
      for (const body of [
        { amount: 10, to: 'bea' },
        { note: 'lunch', to: 'bea', amount: 10 },
      ]) {
        await approve(browser, TRANSFER, app.key);
        await assertPasses(browser, { ...TRANSFER, body });
      }
    });
  });
}

describe('an approval', () => {
  it('is not for another session of the same user, nor for another user', async () => {
    const app = actionApp();
    const [browser, sameUser, otherUser] = [await app.signIn(), await app.signIn(), await app.signIn('bea')];
    await approve(browser, TRANSFER, app.key);
    await assertNotApproved(sameUser, TRANSFER);
    await assertNotApproved(otherUser, TRANSFER);
    assert.deepEqual(app.passed, []);
    await assertPasses(browser, TRANSFER);
  });

  it('is not asked of another session: its challenge is of no use there', async () => {
    const app = actionApp();
    const [browser, sameUser] = [await app.signIn(), await app.signIn()];
    const challenge = await ask(browser, TRANSFER);
    assert.equal((await answer(sameUser, challenge, app.key)).body.code, 'step_up_failed');
    assert.equal((await answer(browser, challenge, app.key)).status, 200); // it was not used up by that
    await assertNotApproved(sameUser, TRANSFER);
    await assertPasses(browser, TRANSFER);
  });

  it('is not given by a proof, however fresh, nor at the sign-in', async () => {
    const app = actionApp();
    const browser = await app.signIn('ada', { method: 'key' });
    await stepUp(browser, app.key);
    await assertPasses(browser, { path: '/key' });
    for (const request of [TRANSFER, ONCE, EITHER]) await assertNotApproved(browser, request);
  });

  it('makes no proof: it opens nothing but its own request', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    await approve(browser, TRANSFER, app.key);
    assert.equal((await browser.post('/key')).body.reason, 'missing');
    assert.deepEqual((await browser.get('/me')).body.proofs.length, 1); // of the sign-in
    for (const { verifiedAt, method } of (await browser.get('/auth/step-up')).body.methods) {
      assert.equal(verifiedAt, null, method);
    }
    for (const request of [ONCE, EITHER]) await assertNotApproved(browser, request);
    await assertPasses(browser, TRANSFER);
  });

  it('leaves the proofs that there are as they are', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    await stepUp(browser, app.key);
    app.clock.advance('4m');
    await approve(browser, TRANSFER, app.key);
    await assertPasses(browser, { path: '/key' });
    app.clock.advance('1m');
    assert.equal((await browser.post('/key')).body.reason, 'expired');
  });

  it('is not given by an answer to a challenge without an action, and gives none', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const challenge = await ask(browser, TRANSFER);
    const plain = await begin(browser, 'key');
    const signed = app.key.right(plain.options);
    assert.equal((await verify(browser, 'key', signed, challenge.id)).body.code, 'step_up_failed');
    assert.equal((await verify(browser, 'key', signed, plain.challengeId)).status, 200);
    await assertNotApproved(browser, TRANSFER);
  });

  it('is not given where an answer is only looked at', async () => {
    const app = actionApp({
      routes: (auth) => ({
        '/only': [bodyParser.json(), handle((req) => auth.verifyOnly(req, (req as unknown as { body: Answer }).body))],
      }),
    });
    const browser = await app.signIn();
    const { id, methods } = await ask(browser, TRANSFER);
    const body = { method: 'key', challengeId: id, response: app.key.right(methods['key']?.options) };
    assertRefused(await browser.post('/only', { body }), 403, 'step_up_failed');
    await assertNotApproved(browser, TRANSFER);
  });

  it('is for each of several requests by itself, in any order', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const larger = { ...TRANSFER, body: { to: 'bea', amount: 1_000 } };
    const [small, large] = [await ask(browser, TRANSFER), await ask(browser, larger)];
    assert.equal((await answer(browser, large, app.key)).status, 200);
    await assertNotApproved(browser, TRANSFER);
    assert.equal((await answer(browser, small, app.key)).status, 200);
    await assertPasses(browser, TRANSFER);
    await assertPasses(browser, larger);
    await assertNotApproved(browser, larger, 'spent');
  });

  it('is void after a request that differs, with the policy `psd2`', async () => {
    const app = actionApp({ policy: 'psd2' });
    const browser = await app.signIn();
    const copied = copyOf(browser, app.app);
    const larger = { ...TRANSFER, body: { to: 'bea', amount: 1_000 } };
    await approve(browser, TRANSFER, app.key);
    await assertNotApproved(copied, larger); // by the token from before the approval: it voids nothing
    await assertNotApproved(browser, larger);
    await assertNotApproved(browser, TRANSFER);
    await approve(browser, TRANSFER, app.key);
    await assertPasses(browser, TRANSFER);
    await assertNotApproved(browser, TRANSFER, 'spent');
  });

  it('may be given anew for what was done before', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    for (let turn = 0; turn < 3; turn += 1) {
      await approve(browser, TRANSFER, app.key);
      await assertPasses(browser, TRANSFER);
      await assertNotApproved(browser, TRANSFER, 'spent');
    }
  });

  it('is one for one request, even if it was given twice', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const challenges = [await ask(browser, TRANSFER), await ask(browser, TRANSFER)];
    for (const challenge of challenges) assert.equal((await answer(browser, challenge, app.key)).status, 200);
    await assertPasses(browser, TRANSFER);
    await assertNotApproved(browser, TRANSFER, 'spent');
  });

  it('is there again when a second challenge for the same is answered after the first was spent', async () => {
    const app = actionApp();
    const browser = await app.signIn();
    const challenges = [await ask(browser, TRANSFER), await ask(browser, TRANSFER)];
    for (const challenge of challenges) {
      assert.equal((await answer(browser, challenge, app.key)).status, 200);
      await assertPasses(browser, TRANSFER);
    }
    assert.equal(app.passed.length, 2); // two ceremonies, two requests
    await assertNotApproved(browser, TRANSFER, 'spent');
  });
});
