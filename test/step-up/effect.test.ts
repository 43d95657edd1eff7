import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import bodyParser from 'body-parser';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';
import { begin, type StepUpAppOptions, stepUpApp, verify } from './app.js';
import { type FakeMethod, fakeCode, fakeKey } from './fake-methods.js';

/** A method that mails a code when it begins; `mails` has the challenge of each. */
function byMail(effect = true): FakeMethod & { readonly mails: string[] } {
  const mails: string[] = [];
  return {
    ...fakeKey('email', { acr: null, guessable: true }),
    effect,
    begin({ challenge }) {
      mails.push(challenge);
      return {};
    },
    right: () => ({ signed: mails.at(-1) ?? '' }),
    mails,
  };
}

/** An app where a payment is confirmed by key, mail or code, whichever the user likes. */
function arrange(options: StepUpAppOptions = {}) {
  const [key, email, code] = [fakeKey(), byMail(), fakeCode()];
  const method = ['key', 'email', 'code'];
  const app = stepUpApp({
    methods: [key, email, code],
    rules: { '/fresh': { method, maxAge: '5m' } },
    routes: (auth) => ({
      '/pay': [bodyParser.json(), auth.requireFreshStepUp({ method, bind: ({ body }) => ({ to: body['to'] }) })],
    }),
    ...options,
  });
  return { ...app, email, key };
}

const pay = (browser: Browser, to = 'bea') => browser.post('/pay', { body: { to } });
const choose = (browser: Browser, method: string, challengeId: unknown) =>
  browser.post('/auth/step-up/options', { body: { method, challengeId } });

describe('a method whose beginning has an effect', () => {
  it('is not begun by requests that are refused, however many', async () => {
    const { signIn, email } = arrange();
    const browser = await signIn();
    for (let count = 0; count < 40; count += 1) {
      const { challenge } = (await pay(browser)).body;
      assert.deepEqual(Object.keys(challenge.methods), ['key', 'email', 'code']);
      assert.deepEqual(challenge.methods.email, { options: null, begin: true });
      assert.deepEqual(challenge.methods.code, { options: null });
      assert.equal((await browser.post('/fresh')).status, 401);
    }
    assert.deepEqual(email.mails, []);
  });

  it('is begun once when it is chosen, and confirms exactly that request', async () => {
    const { signIn, email, passed } = arrange();
    const browser = await signIn();
    const { challenge } = (await pay(browser)).body;
    const chosen = await choose(browser, 'email', challenge.id);
    assert.equal(chosen.status, 200, chosen.text);
    assert.deepEqual(chosen.body, {
      challengeId: chosen.body.challengeId,
      method: 'email',
      options: {},
      expiresAt: challenge.expiresAt,
      expiresIn: challenge.expiresIn,
    });
    assert.equal(email.mails.length, 1);
    assert.equal((await verify(browser, 'email', email.right(null), chosen.body.challengeId)).status, 200);
    assert.equal((await pay(browser, 'eve')).status, 401);
    assert.equal((await browser.post('/fresh')).status, 401); // it proves nothing else
    assert.equal((await pay(browser)).status, 200);
    assert.deepEqual(passed, ['/pay']);
    assert.equal(email.mails.length, 1);
  });

  it('takes the challenge that it was chosen for with it, whose end stays the same', async () => {
    const { signIn, email, key, clock } = arrange();
    const browser = await signIn();
    const { challenge } = (await pay(browser)).body;
    clock.advance('4m');
    const { challengeId } = (await choose(browser, 'email', challenge.id)).body;
    assertRefused(await choose(browser, 'email', challenge.id), 403, 'step_up_failed');
    const options = challenge.methods.key.options;
    assertRefused(await verify(browser, 'key', key.right(options), challenge.id), 403, 'step_up_failed');
    assertRefused(await verify(browser, 'code', { code: 'code' }, challengeId), 403, 'step_up_failed');
    assert.equal(email.mails.length, 1);
    const again = (await choose(browser, 'email', (await pay(browser)).body.challenge.id)).body;
    clock.advance('1m');
    assertRefused(await verify(browser, 'email', email.right(null), challengeId), 403, 'step_up_failed');
    assert.equal((await verify(browser, 'email', email.right(null), again.challengeId)).status, 200);
  });

  it('begins by a step-up of its own, as it is chosen there', async () => {
    const { signIn, email } = arrange();
    const browser = await signIn();
    const { challengeId } = await begin(browser, 'email');
    assert.equal(email.mails.length, 1);
    assert.equal((await verify(browser, 'email', email.right(null), challengeId)).status, 200);
    assert.equal((await browser.post('/fresh')).status, 200);
  });

  it('is chosen for a live challenge of the same session, action and rule only', async () => {
    const { signIn, email, clock } = arrange();
    const [browser, other] = [await signIn(), await signIn()];
    const { challenge } = (await pay(browser)).body;
    const stepUp = await begin(browser, 'key');
    for (const [who, id] of [
      [other, challenge.id],
      [browser, stepUp.challengeId],
      [browser, 'nonsense'],
      [browser, ''],
    ] as const) {
      assertRefused(await choose(who, 'email', id), 403, 'step_up_failed');
    }
    for (const id of [null, 1, [challenge.id], {}]) {
      assertRefused(await choose(browser, 'email', id), 400, 'request_invalid');
    }
    const body = { method: 'email', challengeId: challenge.id, purpose: 'step-up' };
    assertRefused(await browser.post('/auth/step-up/options', { body }), 400, 'request_invalid');
    clock.advance('5m');
    assertRefused(await choose(browser, 'email', challenge.id), 403, 'step_up_failed');
    const late = (await pay(browser)).body.challenge.id;
    await browser.delete('/auth/step-up');
    assertRefused(await choose(browser, 'email', late), 403, 'step_up_failed');
    assert.deepEqual(email.mails, []);
  });

  it('leaves nothing begun where sending fails: the request is sent again', async () => {
    const email = byMail();
    const failing = { ...email, begin: () => Promise.reject(new Error('the mail server is down')) };
    const { signIn, told } = arrange({ methods: [fakeKey(), failing, fakeCode()] });
    const browser = await signIn();
    const { challenge } = (await pay(browser)).body;
    assertRefused(await choose(browser, 'email', challenge.id), 403, 'step_up_failed');
    const [event] = told('step-up.failed');
    assert.equal(event !== undefined && 'reason' in event && event.reason, 'method-error');
    assert.equal((await pay(browser)).body.challenge.methods.email.begin, true);
  });
});

describe('a method without an effect', () => {
  it('may be chosen for a challenge as well', async () => {
    const { signIn, key } = arrange();
    const browser = await signIn();
    const { challenge } = (await pay(browser)).body;
    assert.equal('begin' in challenge.methods.key, false);
    const { challengeId, options } = (await choose(browser, 'key', challenge.id)).body;
    assert.equal((await verify(browser, 'key', key.right(options), challengeId)).status, 200);
    assert.equal((await pay(browser)).status, 200);
  });
});
