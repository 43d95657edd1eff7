import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { answer, begin, type Purpose, type StepUpApp, stepUp, stepUpApp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey, WRONG } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { type Browser, setCookies } from '../support/browser.js';

const VERIFY = '/auth/step-up/verify';

/** How much of its limits a session has used up: what is left until the method is locked. */
async function attemptsLeft(browser: Browser, method = 'code'): Promise<number> {
  for (let count = 0; ; count += 1) {
    if ((await verify(browser, method, WRONG)).status === 429) return count;
    assert.ok(count < 5);
  }
}

describe('POST /step-up/verify', () => {
  it('makes a proof of now, and hands out the new token in the cookie alone', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key, fakeCode()] });
    const browser = await app.signIn();
    const { session } = (await browser.get('/me')).body;
    const before = browser.cookieHeader();
    app.clock.advance('1m');
    const response = await answer(browser, key);
    assert.equal(response.status, 200);
    assert.deepEqual(response.body, {
      verified: true,
      userId: 'ada',
      method: 'key',
      verifiedAt: app.clock.now(),
      session_id: session.id,
    });
    assert.equal(response.headers['cache-control'], 'no-store');
    assert.equal(response.headers['pragma'], 'no-cache');
    const [cookie = '', ...others] = setCookies(response);
    assert.deepEqual(others, []);
    const attributes = cookie
      .slice(cookie.indexOf(';') + 2)
      .split('; ')
      .sort();
    const maxAge = `Max-Age=${(session.expiresAt - app.clock.now()) / 1_000}`;
    assert.deepEqual(
      attributes.filter((attribute) => !attribute.startsWith('Expires=')),
      ['HttpOnly', maxAge, 'Path=/', 'SameSite=Lax', 'Secure'],
    );
    assert.notEqual(browser.cookieHeader(), before);
    const { proofs } = (await browser.get('/me')).body;
    assert.deepEqual(proofs, [
      { method: 'password', verifiedAt: app.clock.now() - 60_000 },
      { method: 'key', verifiedAt: app.clock.now() },
    ]);
    assert.deepEqual(app.told('step-up.succeeded', 'step-up.failed'), [
      { type: 'step-up.succeeded', userId: 'ada', sessionId: session.id, method: 'key' },
    ]);
  });

  it('asks the method about the user of the session, now, with the challenge that was taken', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key, fakeCode()] });
    const browser = await app.signIn();
    const createdAt = app.clock.now();
    const { challengeId, options } = await begin(browser, 'key');
    app.clock.advance('1m');
    await verify(browser, 'key', key.right(options), challengeId);
    const [{ userId, now, response, challenge } = assert.fail()] = key.asked;
    assert.deepEqual(
      { userId, now, response },
      { userId: 'ada', now: createdAt + 60_000, response: key.right(options) },
    );
    assert.equal(challenge?.createdAt, createdAt);
    assert.deepEqual(key.right({ sign: challenge.value }), key.right(options));
  });

  const wrong: Readonly<Record<string, unknown>> = {
    'no body': undefined,
    'no method': { response: { code: 'code' } },
    'an unknown method': { method: 'pin', response: { code: 'code' } },
    'a method that is no text': { method: ['code'], response: { code: 'code' } },
    'no response': { method: 'code' },
    'a response that is text': { method: 'code', response: 'code' },
    'a response that is null': { method: 'code', response: null },
    'a challenge id that is no text': { method: 'code', challengeId: 1, response: { code: 'code' } },
    'a challenge id that is null': { method: 'code', challengeId: null, response: { code: 'code' } },
    'no challenge id where there is a ceremony': { method: 'key', response: { signed: 'x' } },
    'an unknown field': { method: 'code', response: { code: 'code' }, purpose: 'step-up' },
    'another user': { method: 'code', response: { code: 'code' }, userId: 'bea' },
  };

  for (const [what, body] of Object.entries(wrong)) {
    it(`refuses ${what} with 400, and counts nothing`, async () => {
      const { signIn } = stepUpApp();
      const browser = await signIn();
      assertRefused(await browser.post(VERIFY, { body }), 400, 'request_invalid');
      assert.equal(await attemptsLeft(browser), 5);
    });
  }

  it('refuses a wrong answer, whatever it is, with one code', async () => {
    const { signIn } = stepUpApp();
    const browser = await signIn();
    for (const response of [WRONG, {}, []]) {
      assertRefused(await verify(browser, 'code', response), 403, 'step_up_failed');
    }
  });
});

/** What stands for the challenge in an answer that is right in all else. */
const CHALLENGES: Readonly<
  Record<string, (browser: Browser, app: StepUpApp) => Promise<{ challengeId: string; options: object | null }>>
> = {
  'that nobody issued': async (browser) => ({ ...(await begin(browser, 'key')), challengeId: 'A'.repeat(22) }),
  'that is no id': async (browser) => ({ ...(await begin(browser, 'key')), challengeId: '../\u0000' }),
  'of another method': (browser) => begin(browser, 'card'),
  'for verify-only': (browser) => begin(browser, 'key', 'verify-only'),
  'of another session of the user': async (_browser, { signIn }) => begin(await signIn(), 'key'),
  'of another user': async (_browser, { signIn }) => begin(await signIn('bea'), 'key'),
  'that has expired': async (browser, { clock }) => {
    const begun = await begin(browser, 'key');
    clock.set(begun.expiresAt);
    return begun;
  },
  'that was answered': async (browser, { clock }) => {
    const begun = await begin(browser, 'key');
    await verify(browser, 'key', fakeKey().right(begun.options), begun.challengeId);
    clock.advance('1s');
    return begun;
  },
  'that was answered wrongly': async (browser) => {
    const begun = await begin(browser, 'key');
    assertRefused(await verify(browser, 'key', WRONG, begun.challengeId), 403, 'step_up_failed');
    return begun;
  },
  'that was answered for another method': async (browser) => {
    const begun = await begin(browser, 'key');
    assertRefused(await verify(browser, 'card', WRONG, begun.challengeId), 403, 'step_up_failed');
    return begun;
  },
  'that was dropped with the proofs': async (browser) => {
    const begun = await begin(browser, 'key');
    await browser.delete('/auth/step-up');
    return begun;
  },
};

describe('a challenge', () => {
  for (const [which, issue] of Object.entries(CHALLENGES)) {
    it(`${which} is refused without a look at the answer`, async () => {
      const key = fakeKey();
      const app = stepUpApp({ methods: [key, fakeKey('card'), fakeCode()] });
      const browser = await app.signIn();
      const { challengeId, options } = await issue(browser, app);
      const before = [key.asked.length, (await browser.get('/me')).body.proofs, browser.cookieHeader()];
      assertRefused(await verify(browser, 'key', key.right(options), challengeId), 403, 'step_up_failed');
      assert.deepEqual([key.asked.length, (await browser.get('/me')).body.proofs, browser.cookieHeader()], before);
      const last = app.told('step-up.failed').at(-1);
      assert.ok(last && 'reason' in last);
      assert.equal(last.reason, 'no-challenge');
    });
  }

  it('is good until the last moment', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key], rules: {} });
    const browser = await app.signIn();
    const { challengeId, options, expiresAt } = await begin(browser, 'key');
    app.clock.set(expiresAt - 1);
    assert.equal((await verify(browser, 'key', key.right(options), challengeId)).status, 200);
  });

  it('is left to its session by an answer from another one', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key], rules: {} });
    const browser = await app.signIn();
    const { challengeId, options } = await begin(browser, 'key');
    for (const user of ['ada', 'bea']) {
      assertRefused(
        await verify(await app.signIn(user), 'key', key.right(options), challengeId),
        403,
        'step_up_failed',
      );
    }
    assert.equal((await verify(browser, 'key', key.right(options), challengeId)).status, 200);
  });

  it('stays good across a step-up with another method', async () => {
    const key = fakeKey();
    const code = fakeCode();
    const app = stepUpApp({ methods: [key, code] });
    const browser = await app.signIn();
    const { challengeId, options } = await begin(browser, 'key');
    await stepUp(browser, code);
    assert.equal((await verify(browser, 'key', key.right(options), challengeId)).status, 200);
  });

  for (const purpose of ['step-up', 'verify-only'] satisfies Purpose[]) {
    it(`for ${purpose} that isn't live is no attempt: nothing is counted`, async () => {
      const { signIn } = stepUpApp();
      const browser = await signIn();
      for (let count = 0; count < 12; count += 1) {
        assertRefused(await verify(browser, 'code', WRONG, 'A'.repeat(22)), 403, 'step_up_failed');
      }
      assert.equal(await attemptsLeft(browser), 5);
    });
  }
});

describe('a locked method', () => {
  it('counts nothing and burns nothing', async () => {
    const key = fakeKey();
    const app = stepUpApp({ methods: [key], rules: {} });
    const browser = await app.signIn();
    const kept = await begin(browser, 'key');
    for (let count = 0; count < 5; count += 1) {
      const { challengeId } = await begin(browser, 'key');
      assertRefused(await verify(browser, 'key', WRONG, challengeId), 403, 'step_up_failed');
    }
    const asked = key.asked.length;
    for (let count = 0; count < 7; count += 1) {
      assertRefused(await verify(browser, 'key', key.right(kept.options), kept.challengeId), 429, 'method_locked');
    }
    assert.equal(key.asked.length, asked);
    const { session } = (await browser.get('/me')).body;
    assert.ok(await app.store.challenges?.take(session.id, kept.challengeId, app.clock.now()));
    assert.equal((await browser.get('/me')).status, 200); // seven refusals ended nothing
  });
});
