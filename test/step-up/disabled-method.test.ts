import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { assertRefused } from '../support/answers.js';
import { answer, begin, type StepUpApp, stepUp, stepUpApp, verify } from './app.js';
import { fakeCode, fakeKey, WRONG } from './fake-methods.js';

const UNTIL_DISABLED = 100; // SP 800-63B-4 3.2.2

const key = fakeKey();
const code = fakeCode();
const word = fakeCode('word');
const weakKey = fakeKey('weak-key');

/** Fails with `code` in the name of a user, keeping within the other limits. */
async function failTimes(app: StepUpApp, times: number): Promise<void> {
  for (let count = 0; count < times; ) {
    if (count % 20 === 0) app.clock.advance('15m');
    const browser = await app.signIn();
    for (let inSession = 0; inSession < 5 && count < times; inSession += 1, count += 1) {
      assertRefused(await verify(browser, 'code', WRONG), 403, 'step_up_failed');
    }
  }
  app.clock.advance('15m');
}

async function disabled(): Promise<StepUpApp> {
  const app = stepUpApp({ methods: [key, code, word, weakKey], rules: {}, store: memoryStore() });
  await failTimes(app, UNTIL_DISABLED);
  assert.deepEqual(app.told('method.disabled'), [{ type: 'method.disabled', userId: 'ada', method: 'code' }]);
  return app;
}

// How failures are counted and kept is for the stores' conformance to show.
describe('a method after a hundred failures of a user in a row', () => {
  it('is disabled for the user, in every session and for good, and no other method is', async () => {
    const app = await disabled();
    const browser = await app.signIn();
    for (const wait of ['1s', '1h', '60d'] as const) {
      app.clock.advance(wait);
      const later = await app.signIn();
      for (const response of [code.right(null), WRONG]) {
        assertRefused(await verify(later, 'code', response), 403, 'method_disabled');
      }
    }
    assertRefused(await browser.get('/me'), 401, 'session_invalid'); // 60 days old by now
    for (const method of [word, weakKey]) await stepUp(await app.signIn(), method);
    assertRefused(await answer(await app.signIn(), code), 403, 'method_disabled');
    await stepUp(await app.signIn('bea'), code);
  });

  it('is said to be disabled, not only locked, to the session that was the last to fail', async () => {
    const app = stepUpApp({ methods: [key, code, word, weakKey], rules: {}, store: memoryStore() });
    await failTimes(app, UNTIL_DISABLED - 5);
    const browser = await app.signIn();
    for (let count = 0; count < 5; count += 1) await verify(browser, 'code', WRONG);
    assertRefused(await answer(browser, code), 403, 'method_disabled');
  });

  it('is not disabled by ninety-nine of them', async () => {
    const app = stepUpApp({ methods: [key, code, word, weakKey], rules: {}, store: memoryStore() });
    await failTimes(app, UNTIL_DISABLED - 1);
    await stepUp(await app.signIn(), code);
    await failTimes(app, UNTIL_DISABLED - 1);
    await stepUp(await app.signIn(), code);
    assert.deepEqual(app.told('method.disabled'), []);
  });

  it('is not enabled by a challenge, nor by a challenge that is answered', async () => {
    const app = await disabled();
    const browser = await app.signIn();
    const { challengeId } = await begin(browser, 'code');
    assertRefused(await verify(browser, 'code', code.right(null), challengeId), 403, 'method_disabled');
    const { session } = (await browser.get('/me')).body;
    assert.ok(await app.store.challenges?.take(session.id, challengeId, app.clock.now())); // burnt by nobody
  });

  it('is enabled by a proof that is stronger', async () => {
    const app = await disabled();
    await stepUp(await app.signIn(), key);
    await stepUp(await app.signIn(), code);
  });

  it('is enabled when the app unlocks it', async () => {
    const app = await disabled();
    await app.auth.methods.unlock('ada', 'code');
    await stepUp(await app.signIn(), code);
    assert.deepEqual(app.told('method.unlocked'), [{ type: 'method.unlocked', userId: 'ada', method: 'code' }]);
  });

  it('can be disabled again', async () => {
    const app = await disabled();
    await app.auth.methods.unlock('ada', 'code');
    await failTimes(app, UNTIL_DISABLED);
    assertRefused(await answer(await app.signIn(), code), 403, 'method_disabled');
    assert.equal(app.told('method.disabled').length, 2);
  });
});
