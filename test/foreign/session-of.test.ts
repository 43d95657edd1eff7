import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { ForeignSession } from '../../lib/session/foreign-session.js';
import { stepgate } from '../../lib/stepgate.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { answer, copyOf, stepUp } from '../step-up/app.js';
import { fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { fakeTimers } from '../support/fake-timers.js';
import { foreignApp } from '../support/foreign-app.js';
import { ORIGIN, SECRET } from '../support/instance.js';
import { warningsIn } from '../support/warnings.js';

const key = fakeKey();
const methods = [key, fakeCode()];

/** What an app may say that is no session. */
const RUBBISH: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  'a text': 'ada',
  'a number': 42,
  'no id': { userId: 'ada' },
  'an empty id': { id: '', userId: 'ada' },
  'a number as the id': { id: 7, userId: 'ada' },
  'an id of 10 kB': { id: 'i'.repeat(10_000), userId: 'ada' },
  'no user': { id: 'one' },
  'an empty user': { id: 'one', userId: '' },
  'a number as the user': { id: 'one', userId: 42 },
  'a user that no store can keep': { id: 'one', userId: 'ada\0' },
  'another way': { id: 'one', userId: 'ada', via: 'query' },
  'a date': { id: 'one', userId: 'ada', signedInAt: new Date() },
  'no time': { id: 'one', userId: 'ada', signedInAt: Number.NaN },
  'an unknown method': { id: 'one', userId: 'ada', signedInAt: 1, method: 'magic' },
};

describe('an app that says of its session', () => {
  for (const [what, given] of Object.entries(RUBBISH)) {
    it(`${what}: its users are let in nowhere, and nobody is sent to sign in`, async () => {
      const warnings = warningsIn();
      const answers = [given, Promise.resolve(given)];
      for (const said of answers) {
        const app = foreignApp({ methods, session: { of: () => said as ForeignSession } });
        const ada = app.signIn();
        for (const path of ['/key', '/auth/step-up/options', '/auth/logout']) {
          assertRefused(await ada.post(path, { body: {} }), 500, 'store_unavailable');
        }
        assertRefused(await ada.get('/me'), 500, 'store_unavailable');
        assert.equal(app.told('dependency.failed').length, 4);
        assert.deepEqual(app.passed, []);
      }
      const told = warnings.filter((warning) => 'code' in warning && warning.code === 'STEPGATE_SESSION_OF');
      assert.equal(told.length, answers.length);
    });
  }

  it('nothing, since it fails', async () => {
    for (const of of [
      () => {
        throw new Error('the cookie jar is open');
      },
      () => Promise.reject(new Error('the database is away')),
    ]) {
      const app = foreignApp({ methods, session: { of } });
      assertRefused(await app.signIn().get('/me'), 500, 'store_unavailable');
      const [told] = app.events;
      assert.equal(told?.type === 'dependency.failed' && told.operation, 'session.of');
    }
  });

  it('nothing, since it never answers', async () => {
    const app = foreignApp({ methods, session: { of: () => new Promise(() => {}) } });
    fakeTimers(['setTimeout']);
    const { jest } = await import('@jest/globals');
    const answered = app.signIn().get('/me');
    const timer = setInterval(() => jest.advanceTimersByTime(5_000), 5);
    assertRefused(await answered, 500, 'store_unavailable');
    clearInterval(timer);
  });

  it('nobody: a visitor without a session', async () => {
    for (const none of [null, Promise.resolve(null)]) {
      const app = foreignApp({ methods, session: { of: () => none } });
      const visitor = app.signIn();
      assertRefused(await visitor.get('/me'), 401, 'session_required');
      assertRefused(await visitor.post('/key'), 401, 'session_required');
      assert.equal((await visitor.post('/auth/logout')).status, 204);
    }
  });

  it('another user under the same id: nothing is proved, and back again it is', async () => {
    let userId = 'ada';
    const app = foreignApp({ methods, session: { of: () => ({ id: 'one', userId }) } });
    const browser = app.signIn();
    await stepUp(browser, key);
    const ofAda = copyOf(browser, app.app);
    userId = 'bea';
    assert.equal((await browser.post('/key')).body.reason, 'missing');
    await stepUp(browser, key);
    userId = 'ada';
    assert.equal((await browser.post('/key')).body.reason, 'missing');
    assert.equal((await ofAda.post('/key')).status, 200);
  });

  it('a sign-in that is yet to come: it is proof of nothing', async () => {
    const app = foreignApp({
      methods,
      routes: (auth) => ({ '/password': [auth.requireFreshStepUp({ method: 'code', maxAge: '5m' })] }),
    });
    const ada = app.signIn('ada', { method: 'code', signedInAt: app.clock.now() + 60_000 });
    assert.equal((await ada.post('/password')).body.reason, 'missing');
  });
});

describe('the option `session`', () => {
  const options = { secret: SECRET, issuer: ORIGIN, store: memoryStore() };

  it('is refused where it can’t be meant', () => {
    for (const [session, message] of [
      [null, /`session` must be an object/],
      [{}, /`session.of` is missing/],
      [{ of: 'req.session' }, /`session.of` must be a function/],
      [{ of: () => null, end: true }, /`session.end` must be a function/],
      [{ off: () => null }, /`session.off` is unknown/],
    ] as const) {
      assert.throws(() => stepgate({ ...options, session: session as never }), { name: 'SetupError', message });
    }
  });

  it('stands beside nothing that is about stepgate’s own sessions', () => {
    for (const more of [{ delivery: 'bearer' }, { idleLifetime: '1h' }, { maxSessionsPerUser: 3 }] as const) {
      assert.throws(() => stepgate({ ...options, ...more, session: { of: () => null } }), { name: 'SetupError' });
    }
  });

  it('stands beside no approvals by somebody else: neither a rule, nor keys that may ask, nor their routes', async () => {
    const { auth, signIn } = foreignApp({ methods });
    const rule = { method: 'key', bind: () => ({}), summary: () => 'Pay' } as const;
    for (const approver of ['user', () => ['bea']] as const) {
      for (const make of [auth.requireFreshStepUp, auth.checkFreshStepUp]) {
        assert.throws(() => make({ ...rule, approver }), {
          name: 'SetupError',
          message: /needs stepgate's own sessions/,
        });
      }
    }
    const session = { of: () => null };
    const apiKeys = { prefix: 'k_', ask: true, verify: () => null };
    assert.throws(() => stepgate({ ...options, apiKeys, session }), { name: 'SetupError', message: /`apiKeys.ask`/ });
    assert.throws(() => stepgate({ ...options, approvals: {}, session }), {
      name: 'SetupError',
      message: /`approvals`/,
    });
    const ada = signIn();
    await stepUp(ada, key);
    for (const path of ['/auth/approvals', '/auth/approvals/AAAAAAAAAAAAAAAAAAAAAA']) {
      assert.equal((await ada.get(path)).status, 404);
    }
  });

  it('goes with a policy, and with a strict check of origins', async () => {
    const app = foreignApp({ methods, policy: 'psd2' });
    const ada = app.signIn();
    assert.equal((await answer(ada, key)).status, 200);
    assertRefused(await ada.post('/key', { headers: { 'Sec-Fetch-Site': undefined } }), 403, 'cross_origin');
    assert.equal((await ada.post('/key')).status, 200);
  });
});
