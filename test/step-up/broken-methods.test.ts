import assert from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';
import { describe, it } from '@jest/globals';
import type { BeginContext, Method, MethodContext, MethodOutcome, VerifyContext } from '../../lib/methods/method.js';
import { assertRefused } from '../support/answers.js';
import type { Browser } from '../support/browser.js';
import { begin, type StepUpApp, stepUp, stepUpApp, verify } from './app.js';
import { fakeCode, fakeKey } from './fake-methods.js';

const CAUSE = new Error('no answer from db.internal');

/** What a function of an app's own method may do, whatever its type says. */
const FAULTS: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw CAUSE;
  },
  'throws nothing': () => {
    // biome-ignore lint/style/useThrowOnlyError: JavaScript lets one
    throw undefined;
  },
  rejects: () => Promise.reject(CAUSE),
  'never answers': () => new Promise(() => {}),
  'answers with undefined': () => undefined,
  'answers with null': async () => null,
  'answers with a word': () => 'verified',
  'answers with a number': () => 1,
};

/** Answers that are nearly an outcome. */
const NO_OUTCOMES: Readonly<Record<string, () => unknown>> = {
  'answers with true': () => true,
  'answers with an empty object': () => ({}),
  'answers with another outcome': () => ({ outcome: 'passed' }),
  'answers with the outcome true': () => ({ outcome: true }),
  'answers in capitals': () => ({ outcome: 'VERIFIED' }),
  'answers with a list': () => ['verified'],
  'answers with an object that throws': () => ({
    get outcome(): never {
      throw CAUSE;
    },
  }),
};

/** Options that no JSON can be made of. */
const NO_OPTIONS: Readonly<Record<string, () => unknown>> = {
  'answers with a function': () => () => {},
  'answers with a bigint inside': () => ({ size: 1n }),
  'answers with a loop': () => {
    const loop: { self?: object } = {};
    loop.self = loop;
    return loop;
  },
};

function appWith(broken: Partial<Record<keyof Method, () => unknown>>): StepUpApp {
  const method = { ...fakeCode('broken'), ...broken } as unknown as Method; // broken on purpose
  const rules = { '/broken': { method: 'broken', maxAge: '5m' } } as const;
  return stepUpApp({ methods: [fakeKey(), method, fakeCode()], rules, storeTimeout: 0.05 });
}

/** That the answer gives nothing away, that nothing was proved, and that all else goes on. */
async function assertHarmless(app: StepUpApp, browser: Browser): Promise<void> {
  const { proofs } = (await browser.get('/me')).body;
  assert.deepEqual(proofs, [{ method: 'password', verifiedAt: app.clock.now() }]);
  await stepUp(browser, fakeCode());
  assert.deepEqual(app.errors, []);
}

describe('a method that fails to verify', () => {
  for (const [how, verifies] of Object.entries({ ...FAULTS, ...NO_OUTCOMES })) {
    it(`has verified nothing: it ${how}`, async () => {
      const app = appWith({ verify: verifies });
      const browser = await app.signIn();
      const { session } = (await browser.get('/me')).body;
      const response = await verify(browser, 'broken', { code: 'broken' });
      assertRefused(response, 403, 'step_up_failed');
      const [{ error: _, ...event } = { error: null }, ...others] = app.told('step-up.failed') as { error?: unknown }[]; // of that type
      assert.deepEqual(event, {
        type: 'step-up.failed',
        userId: 'ada',
        sessionId: session.id,
        method: 'broken',
        reason: 'method-error',
      });
      assert.deepEqual(others, []);
      await assertHarmless(app, browser);
    });
  }

  it('is told of with what it threw, to the app alone', async () => {
    const app = appWith({ verify: () => Promise.reject(CAUSE) });
    const response = await verify(await app.signIn(), 'broken', { code: 'broken' });
    assert.ok(!inspect([response.text, response.headers]).includes('db.internal'));
    const [event] = app.told('step-up.failed');
    assert.ok(event && 'error' in event);
    assert.equal(event.error, CAUSE);
  });

  it('has used up an attempt', async () => {
    const app = appWith({ verify: () => Promise.reject(CAUSE) });
    const browser = await app.signIn();
    for (let count = 0; count < 5; count += 1) await verify(browser, 'broken', {});
    assertRefused(await verify(browser, 'broken', {}), 429, 'method_locked');
  });

  it('can’t pass anything for a fact of stepgate', async () => {
    const lie = { outcome: 'failed', reason: 'rejected', type: 'step-up.succeeded', userId: 'bea', secret: 'S3CRET' };
    const app = appWith({ verify: () => lie });
    const browser = await app.signIn();
    const { session } = (await browser.get('/me')).body;
    assertRefused(await verify(browser, 'broken', {}), 403, 'step_up_failed');
    assert.deepEqual(app.told('step-up.failed', 'step-up.succeeded'), [
      { type: 'step-up.failed', userId: 'ada', sessionId: session.id, method: 'broken', reason: 'rejected' },
    ]);
  });

  it('verifies nothing by an answer that comes too late', async () => {
    let release = (): void => {};
    const app = appWith({
      verify: () => new Promise((resolve) => (release = () => resolve({ outcome: 'verified' }))),
    });
    const browser = await app.signIn();
    assertRefused(await verify(browser, 'broken', {}), 403, 'step_up_failed');
    release();
    await assertHarmless(app, browser);
  });
});

describe('a method that is an object of a class', () => {
  class Pin implements Method<'pin'> {
    readonly name = 'pin';
    readonly acr = null;
    readonly amr = [];
    readonly guessable = true;
    readonly needs = [];
    readonly #pins = new Map([['ada', '1234']]);

    enrolled({ userId }: MethodContext): boolean {
      return this.#pins.has(userId);
    }

    begin({ userId }: BeginContext): object {
      return { digits: this.#pins.get(userId)?.length };
    }

    verify({ userId, response }: VerifyContext): MethodOutcome {
      const isRight = isDeepStrictEqual(response, { pin: this.#pins.get(userId) });
      return isRight ? { outcome: 'verified' } : { outcome: 'failed', reason: 'rejected' };
    }
  }

  it('keeps its `this`', async () => {
    const { signIn } = stepUpApp({ methods: [new Pin()], rules: {} });
    const browser = await signIn();
    const { challengeId, options } = await begin(browser, 'pin');
    assert.deepEqual(options, { digits: 4 });
    assert.equal((await verify(browser, 'pin', { pin: '1234' }, challengeId)).status, 200);
  });
});

describe('a method that fails to begin', () => {
  for (const [how, begins] of Object.entries({ ...FAULTS, ...NO_OPTIONS })) {
    it(`is refused, and told of: it ${how}`, async () => {
      const app = appWith({ begin: begins });
      const browser = await app.signIn();
      const { session } = (await browser.get('/me')).body;
      const response = await browser.post('/auth/step-up/options', { body: { method: 'broken' } });
      assertRefused(response, 403, 'step_up_failed');
      const [{ error: _, ...event } = { error: null }, ...others] = app.told('step-up.failed') as { error?: unknown }[]; // of that type
      assert.deepEqual(event, {
        type: 'step-up.failed',
        userId: 'ada',
        sessionId: session.id,
        method: 'broken',
        reason: 'method-error',
      });
      assert.deepEqual(others, []);
      await assertHarmless(app, browser);
    });
  }
});

/** Neither yes nor no: a guard that took it for either would let somebody in or out by mistake. */
describe('a method that can’t tell who has it', () => {
  for (const [how, enrolled] of Object.entries(FAULTS)) {
    it(`is taken for a store that fails: it ${how}`, async () => {
      const app = appWith({ enrolled });
      const browser = await app.signIn();
      const requests = [
        () => browser.post('/broken'),
        () => browser.get('/auth/step-up'),
        () => browser.post('/auth/step-up/options', { body: { method: 'broken' } }),
      ];
      for (const request of requests) assertRefused(await request(), 500, 'store_unavailable');
      const failures = app.told('dependency.failed');
      assert.equal(failures.length, requests.length);
      for (const failure of failures) {
        assert.ok('operation' in failure && 'error' in failure);
        assert.equal(failure.operation, 'broken.enrolled');
      }
      assert.deepEqual(app.passed, []);
      await assertHarmless(app, browser);
    });
  }

  it('is told of with what it threw', async () => {
    const app = appWith({ enrolled: () => Promise.reject(CAUSE) });
    await (await app.signIn()).post('/broken');
    const [failure] = app.told('dependency.failed');
    assert.ok(failure && 'error' in failure);
    assert.equal(failure.error, CAUSE);
  });

  it('stops those, too, who have a fresh proof of it, but not the other methods', async () => {
    let fails = false;
    const app = appWith({ enrolled: () => (fails ? Promise.reject(CAUSE) : true) });
    const browser = await app.signIn();
    assert.equal((await verify(browser, 'broken', { code: 'broken' })).status, 200);
    assert.equal((await browser.post('/broken')).status, 200);
    fails = true;
    assertRefused(await browser.post('/broken'), 500, 'store_unavailable');
    assertRefused(await verify(browser, 'broken', { code: 'broken' }), 500, 'store_unavailable');
    assert.equal((await begin(browser, 'key')).method, 'key');
    fails = false;
    assert.equal((await browser.post('/broken')).status, 200);
  });
});
