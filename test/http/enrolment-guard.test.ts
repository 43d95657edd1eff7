import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { confirm, copyOf, type StepUpApp, type StepUpAppOptions, stepUp, stepUpApp } from '../step-up/app.js';
import { type FakeMethod, fakeCode, fakeKey } from '../step-up/fake-methods.js';
import { assertAsked } from '../step-up/refusals.js';
import { assertRefused } from '../support/answers.js';
import { echoRefusal } from '../support/app.js';
import { Browser } from '../support/browser.js';

const ENROL = '/enrol';

interface Scene extends StepUpApp {
  readonly key: FakeMethod;
  readonly card: FakeMethod;
  readonly code: FakeMethod;
  readonly recovery: FakeMethod;
}

/** An app with a route of its own that adds a method. Ada has those that are named, of `key`, `card`, `code` and `recovery-code`. */
function scene(has: readonly string[], options: StepUpAppOptions = {}): Scene {
  const methods = {
    key: fakeKey('key', { acr: 'phr' }),
    card: fakeKey('card', { acr: 'phr' }),
    code: fakeCode(),
    recovery: fakeCode('recovery-code'),
  };
  for (const { users, name } of Object.values(methods)) if (!has.includes(name)) users.delete('ada');
  const app = stepUpApp({
    methods: Object.values(methods),
    rules: {},
    routes: ({ requireEnrolmentProof }) => ({ [ENROL]: [requireEnrolmentProof] }),
    ...options,
  });
  return { ...app, ...methods };
}

async function isAllowed(browser: Browser): Promise<boolean> {
  const { status, body } = await browser.post(ENROL);
  assert.ok(status === 200 || body.code === 'step_up_required', body.code);
  return status === 200;
}

describe('the enrolment guard for a user with methods', () => {
  const strongest = [
    [['key', 'card', 'code', 'recovery-code'], 'key'],
    [['card', 'code'], 'card'],
    [['code', 'recovery-code'], 'code'],
  ] as const;

  for (const [has, name] of strongest) {
    it(`asks for the strongest, or a recovery code: of ${has.join(', ')} that is ${name}`, async () => {
      const app = scene(has);
      const browser = await app.signIn();
      const acr = name === 'code' ? {} : { acr_values: 'phr' };
      const asked = assertAsked(await browser.post(ENROL), { ...acr, max_age: '300' });
      assert.deepEqual(asked, {
        rule: { method: [name, 'recovery-code'], maxAge: 300 },
        reason: 'missing',
        missing: [[name], ['recovery-code']].filter(([method]) => has.some((one) => one === method)),
        methods: [
          { method: name, enrolled: true },
          { method: 'recovery-code', enrolled: has.some((one) => one === 'recovery-code') },
        ],
      });
      for (const method of [app.card, app.code].filter((one) => one.users.has('ada') && one.name !== name)) {
        await stepUp(browser, method);
        assert.equal(await isAllowed(browser), false, method.name);
      }
      await stepUp(browser, [app.key, app.card, app.code].find((one) => one.name === name) ?? assert.fail());
      assert.equal(await isAllowed(browser), true);
    });
  }

  it('takes a proof for five minutes', async () => {
    const app = scene(['key']);
    const browser = await app.signIn();
    await stepUp(browser, app.key);
    const verifiedAt = app.clock.now();
    app.clock.set(verifiedAt + 299_999);
    assert.equal(await isAllowed(browser), true);
    app.clock.set(verifiedAt + 300_000);
    assert.equal((await browser.post(ENROL)).body.reason, 'expired');
  });

  it('takes a proof of the sign-in as well', async () => {
    const { signIn, clock } = scene(['key', 'code']);
    const browser = await signIn('ada', { method: 'key' });
    assert.equal(await isAllowed(browser), true);
    assert.equal(await isAllowed(await signIn('ada', { method: 'code' })), false);
    assert.equal(await isAllowed(await signIn('ada', { method: 'key', interactive: false })), false);
    clock.advance('5m');
    assert.equal(await isAllowed(browser), false);
  });

  it('opens with a recovery code, which the audit log shows', async () => {
    const app = scene(['key', 'code', 'recovery-code']);
    const browser = await app.signIn();
    await stepUp(browser, app.recovery);
    assert.equal(await isAllowed(browser), true);
    const [event] = app.told('step-up.succeeded');
    assert.ok(event && 'method' in event);
    assert.equal(event.method, 'recovery-code');
  });

  it('asks for what is the strongest now, not for what was', async () => {
    const app = scene(['code']);
    const browser = await app.signIn();
    await stepUp(browser, app.code);
    assert.equal(await isAllowed(browser), true);
    app.key.users.add('ada');
    assert.equal(await isAllowed(browser), false);
  });

  it('lets nobody through by the token that a step-up has replaced', async () => {
    const app = scene(['key']);
    const browser = await app.signIn('ada', { method: 'key' });
    const old = copyOf(browser, app.app);
    assert.equal(await isAllowed(old), true);
    await stepUp(browser, app.key);
    assertRefused(await old.post(ENROL), 401, 'session_invalid');
    await confirm(app, browser);
    assertRefused(await old.post(ENROL), 401, 'session_invalid');
    assert.equal(await isAllowed(browser), true);
  });

  it('lets nobody through by a proof of another session', async () => {
    const app = scene(['key']);
    await stepUp(await app.signIn(), app.key);
    assert.equal(await isAllowed(await app.signIn()), false);
  });
});

describe('the enrolment guard for a user without methods', () => {
  for (const has of [[], ['recovery-code']] as const) {
    it(`takes a sign-in within five minutes${has.length === 0 ? '' : ', whatever the recovery codes'}`, async () => {
      const app = scene(has);
      const browser = await app.signIn();
      const signedInAt = app.clock.now();
      app.clock.set(signedInAt + 299_999);
      assert.equal(await isAllowed(browser), true);
      app.clock.set(signedInAt + 300_000);
      const asked = assertAsked(await browser.post(ENROL), { max_age: '300' });
      assert.deepEqual(asked, { rule: { method: [], maxAge: 300 }, reason: 'expired', missing: [], methods: [] });
    });
  }

  it('tells the client to have the user sign in again', async () => {
    const { signIn, clock } = scene([]);
    const browser = await signIn();
    clock.advance('5m');
    assert.match((await browser.post(ENROL)).body.detail, /^Sign in again/);
  });

  it('takes no sign-in that was not interactive, nor one whose credentials are older', async () => {
    const { signIn, clock } = scene([]);
    assert.equal(await isAllowed(await signIn('ada', { interactive: false })), false);
    assert.equal(await isAllowed(await signIn('ada', { startedAt: clock.now() - 300_000 })), false);
    assert.equal(await isAllowed(await signIn('ada', { startedAt: clock.now() - 299_999 })), true);
  });

  it('takes no later step-up for a sign-in', async () => {
    const app = scene(['code']);
    const browser = await app.signIn('ada', { method: 'code' });
    app.clock.advance('5m');
    await stepUp(browser, app.code);
    app.code.users.delete('ada'); // by the app, which didn't tell stepgate
    assert.equal(await isAllowed(browser), false);
  });

  it('takes no refresh for a sign-in', async () => {
    const { signIn, clock } = scene([], { delivery: 'token-cookies' });
    const browser = await signIn();
    clock.advance('6m');
    assert.equal((await browser.post('/auth/token/refresh')).status, 200);
    assert.equal(await isAllowed(browser), false);
  });
});

describe('the enrolment guard', () => {
  it('is for a signed-in user’s own pages', async () => {
    const { app, signIn } = scene([], { apiKeys: { prefix: 'bank_', verify: () => ({ userId: 'ada' }) } });
    assertRefused(await new Browser(app).post(ENROL), 401, 'session_required');
    const headers = { Authorization: 'Bearer bank_1' };
    assertRefused(await new Browser(app).post(ENROL, { headers }), 403, 'api_key_refused');
    const cross = { 'Sec-Fetch-Site': 'cross-site' };
    assertRefused(await (await signIn()).post(ENROL, { headers: cross }), 403, 'cross_origin');
  });

  it('reads the session anew when another guard ran before it', async () => {
    const ids: string[] = [];
    const { signIn, passed } = scene([], {
      routes: ({ requireSession, requireEnrolmentProof, sessions }) => ({
        [ENROL]: [
          requireSession,
          (_req, _res, next) => void sessions.revoke(ids.join()).then(() => next(), next),
          requireEnrolmentProof,
        ],
      }),
    });
    const browser = await signIn();
    ids.push((await browser.get('/me')).body.session.id);
    assertRefused(await browser.post(ENROL), 401, 'session_invalid');
    assert.deepEqual(passed, []);
  });

  it('answers by stepgate’s onRefusal', async () => {
    const { app } = scene([], { onRefusal: echoRefusal });
    assert.equal((await new Browser(app).post(ENROL)).status, 418);
  });
});
