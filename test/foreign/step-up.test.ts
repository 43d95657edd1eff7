import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { answer, begin, copyOf, stepUp, verify } from '../step-up/app.js';
import { fakeCode, fakeKey, WRONG } from '../step-up/fake-methods.js';
import { assertRefused } from '../support/answers.js';
import { handle } from '../support/app.js';
import { setCookies } from '../support/browser.js';
import { APP_COOKIE, confirmPayment, foreignApp, STEP_UP_COOKIE } from '../support/foreign-app.js';
import { SECRET, testInstance } from '../support/instance.js';
import { forEachStore } from '../support/stores.js';

const key = fakeKey();
const code = fakeCode();
const methods = [key, code];

forEachStore((_name, makeStore) => {
  describe('a step-up beside a session that the app keeps', () => {
    it('lets exactly this browser through, until the proof is too old', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      assert.equal((await ada.post('/key')).body.reason, 'missing');
      const verified = await answer(ada, key);
      assert.equal(verified.status, 200, verified.text);
      assert.deepEqual(Object.keys(verified.body), ['verified', 'userId', 'method', 'verifiedAt', 'session_id']);
      const [cookie, ...others] = setCookies(verified);
      assert.match(cookie ?? '', /^__Host-step-up=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      assert.deepEqual(others, []);
      assert.equal((await ada.post('/key')).status, 200);
      assert.equal((await ada.post('/code')).body.reason, 'missing');
      app.clock.advance('5m');
      assert.equal((await ada.post('/key')).body.reason, 'expired');
    });

    it('adds proof to proof, each with a new cookie', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      await stepUp(ada, key);
      const before = copyOf(ada, app.app);
      await stepUp(ada, code);
      for (const path of ['/key', '/code']) assert.equal((await ada.post(path)).status, 200);
      for (const path of ['/key', '/code']) assert.equal((await before.post(path)).body.reason, 'missing');
    });

    it('spends a confirmation once, in the browser that gave it', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      const thief = copyOf(ada, app.app);
      assert.equal((await confirmPayment(ada, key)).status, 200);
      const body = { to: 'bea' };
      assert.equal((await thief.post('/pay', { body })).body.reason, 'missing');
      assert.equal((await ada.post('/pay', { body: { to: 'eve' } })).body.reason, 'missing');
      assert.equal((await ada.post('/pay', { body })).status, 200);
      assert.equal((await ada.post('/pay', { body })).body.reason, 'spent');
      assert.equal((await ada.post('/key')).body.reason, 'missing'); // a confirmation is no proof
    });

    it('takes the grant of a challenge that is given up', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      const { challenge } = (await ada.post('/pay', { body: { to: 'bea' } })).body;
      const { id: challengeId, methods: begun } = challenge;
      assert.equal((await verify(ada, 'key', key.right(begun.key.options), challengeId)).status, 200);
      assert.equal((await ada.delete(`/auth/step-up/challenges/${challengeId}`)).status, 204);
      assert.equal((await ada.post('/pay', { body: { to: 'bea' } })).body.reason, 'missing');
    });

    it('stands for one session of the app: at most eight at once, the oldest goes', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      const browsers = [];
      for (let index = 0; index < 9; index += 1) {
        const browser = copyOf(ada, app.app);
        app.clock.advance('1s');
        await stepUp(browser, key);
        browsers.push(browser);
      }
      const answers = [];
      for (const browser of browsers) answers.push((await browser.post('/key')).status);
      assert.deepEqual(answers, [401, 200, 200, 200, 200, 200, 200, 200, 200]);
    });

    it('ends with a sign-out by stepgate in every browser, and leaves the app’s session', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      const other = copyOf(ada, app.app);
      await stepUp(ada, key);
      await stepUp(other, key);
      const left = await ada.post('/auth/logout');
      assert.equal(left.status, 204);
      assert.match(setCookies(left).join(), /^__Host-step-up=; Max-Age=0;/);
      for (const browser of [ada, other]) {
        assert.equal((await browser.get('/me')).status, 200);
        assert.equal((await browser.post('/key')).body.reason, 'missing');
      }
    });

    it('loses a proof with its method, in whichever browser', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      await stepUp(ada, key);
      await stepUp(ada, code);
      await app.auth.methods.remove('ada', 'key');
      assert.equal((await ada.post('/key')).body.reason, 'missing');
      assert.equal((await ada.post('/code')).status, 200);
    });

    it('makes and ends no row of the app’s, and none of ours before the first challenge is answered', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      const rows = async () =>
        (await app.store.sessions.listForUser({ userId: 'ada', limit: 100, after: null, now: app.clock.now() })).length;
      await ada.get('/me');
      await begin(ada, 'key');
      assert.equal(await rows(), 0);
      for (let turn = 0; turn < 5; turn += 1) await stepUp(ada, key);
      assert.equal(await rows(), 1);
      assert.equal(app.kept.size, 1);
    });

    it('begins anew where two tabs prove at once', async () => {
      const app = foreignApp({ methods, store: await makeStore() });
      const ada = app.signIn();
      await stepUp(ada, key);
      const tab = copyOf(ada, app.app);
      const [one, other] = await Promise.all([answer(ada, key), answer(tab, code)]);
      assert.deepEqual([one.status, other.status], [200, 200]);
      assert.equal((await ada.post('/key')).status, 200);
      assert.equal((await tab.post('/code')).status, 200);
    });
  });
});

describe('an instance for sessions that the app keeps', () => {
  it('counts attempts by the app’s session, whichever cookies of ours come along', async () => {
    const app = foreignApp({ methods, store: memoryStore() });
    const ada = app.signIn();
    for (let turn = 0; turn < 5; turn += 1) {
      const refused = await verify(copyOf(ada, app.app), 'code', WRONG);
      assert.equal(refused.body.code, 'step_up_failed');
    }
    assertRefused(await verify(ada, 'code', code.right(null)), 429, 'method_locked');
    assert.equal((await answer(app.signIn(), code)).status, 200);
  });

  it('ends what was proved after ten failures in a row, since it can’t end the session', async () => {
    const app = foreignApp({ methods, store: memoryStore() });
    const ada = app.signIn();
    await stepUp(ada, key);
    for (let turn = 0; turn < 10; turn += 1) {
      assert.deepEqual(app.told('step-up.dropped'), []);
      if (turn === 5) app.clock.advance('15m');
      await verify(copyOf(ada, app.app), 'code', WRONG);
    }
    assert.equal(app.told('step-up.dropped').length, 1);
    assert.equal((await ada.post('/key')).body.reason, 'missing');
    await stepUp(ada, key);
    assert.equal((await ada.get('/me')).status, 200);
  });

  it('shows its own id of the session, stable and no credential, and what was proved', async () => {
    const app = foreignApp({ methods });
    const ada = app.signIn();
    const me = (await ada.get('/me')).body;
    assert.deepEqual(me.proofs, [{ method: 'external', verifiedAt: app.clock.now() }]);
    assert.match(me.session.id, /^[\w-]{22}$/);
    await stepUp(ada, key);
    const { session, proofs } = (await ada.get('/auth/session')).body;
    assert.equal(session.id, me.session.id);
    assert.deepEqual(
      proofs.map(({ method }: { method: string }) => method),
      ['external', 'key'],
    );
    assert.ok(!JSON.stringify([me, session, app.events]).includes('id of'));
    assert.equal((await ada.get('/me', { headers: { 'Stepgate-Session': session.id } })).status, 200);
    assertRefused(await ada.get('/me', { headers: { 'Stepgate-Session': 'another' } }), 409, 'session_changed');
  });

  it('takes a sign-in that the app tells of for a proof of its method, five minutes for the first key', async () => {
    const [first, none] = [fakeKey(), fakeCode()];
    first.users.clear();
    none.users.clear();
    const app = foreignApp({
      methods: [first, none],
      rules: { '/recent': { method: 'code', maxAge: '5m' } },
      routes: (auth) => ({ '/enrol': [auth.requireEnrolmentProof] }),
    });
    const ada = app.signIn('ada', { method: 'code' });
    assert.equal((await ada.post('/enrol')).status, 200);
    app.clock.advance('5m');
    assert.equal((await ada.post('/enrol')).body.code, 'step_up_required');
    none.users.add('ada');
    assert.equal((await app.signIn('ada', { method: 'code' }).post('/recent')).status, 200);
  });

  it('asks the app once for each guard, and its store nothing for a request that needs no step-up', async () => {
    let calls = 0;
    const memory = memoryStore();
    const store = new Proxy(memory, {
      get(target, part: keyof typeof memory) {
        const found = target[part];
        if (typeof found !== 'object') return found;
        return new Proxy(found, {
          get: (operations, name) => {
            const operation: unknown = Reflect.get(operations, name);
            if (typeof operation !== 'function' || name === 'claim') return operation;
            return (...args: unknown[]): unknown => {
              calls += 1;
              return Reflect.apply(operation, operations, args) as unknown;
            };
          },
        });
      },
    });
    const app = foreignApp({ methods, store });
    const ada = app.signIn();
    await stepUp(ada, key);
    await app.auth.flush();
    const before = { calls, asked: app.asked() };
    for (let turn = 0; turn < 10; turn += 1) assert.equal((await ada.get('/me')).status, 200);
    await app.auth.flush();
    assert.deepEqual({ calls, asked: app.asked() }, { calls: before.calls, asked: before.asked + 10 });
  });

  it('refuses unsafe requests of other sites by the cookie, and has nothing to refuse without one', async () => {
    const app = foreignApp({ methods });
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    for (const path of ['/me', '/key', '/auth/step-up/verify']) {
      const refused = await app.signIn().send('POST', path, { headers, body: {} });
      if (path !== '/me') assertRefused(refused, 403, 'cross_origin');
    }
    const client = app.signInByHeader();
    assert.equal((await client.post('/key', { headers: {} })).body.code, 'step_up_required');
  });

  it('has no routes and calls for sessions of its own', async () => {
    const { auth, app, signIn } = foreignApp({ methods });
    const ada = signIn();
    for (const path of ['/auth/sessions', '/auth/sign-in/options']) {
      assert.equal((await ada.post(path)).status, 404);
    }
    assertRefused(await ada.post('/auth/token/refresh'), 400, 'refresh_missing'); // as clients with tokens have to know
    const [req, res] = [{} as never, {} as never];
    const options = { userId: 'ada', method: 'password' } as const;
    for (const call of [
      () => auth.signIn(req, res, options),
      () => auth.beginSignIn(req, res, { ...options, then: ['key'] }),
      () => auth.impersonate(req, res, { userId: 'ada', reason: 'help' }),
      () => auth.endImpersonation(req, res),
      () => auth.credentialsChanged(req, res),
      async () => auth.handle(req),
      () => auth.checkHandle('x'),
      () => auth.sessions.list(),
      () => auth.sessions.listForUser('ada'),
      () => auth.sessions.get('x'),
      () => auth.sessions.revoke('x'),
      () => auth.sessions.revokeForUser('ada', 'x'),
    ]) {
      await assert.rejects(call, { name: 'SetupError', message: /is for stepgate's own sessions/ });
    }
    assert.equal(typeof app, 'function');
  });

  it('ends what was proved by a user, in all sessions or all but one', async () => {
    const app = foreignApp({ methods });
    const [one, other] = [app.signIn(), app.signIn()];
    await stepUp(one, key);
    await stepUp(other, key);
    app.clock.advance('1s');
    const { session } = (await one.get('/auth/session')).body;
    assert.equal(await app.auth.sessions.revokeAllForUser('ada', { except: session.id }), 1);
    assert.equal((await one.post('/key')).status, 200);
    assert.equal((await other.post('/key')).status, 401);
    assert.equal(await app.auth.sessions.revokeAllForUser('ada'), 1);
    assert.equal((await one.post('/key')).status, 401);
    app.clock.advance('1s');
    await stepUp(one, key);
    await app.auth.forgetUser('ada');
    assert.equal((await one.post('/key')).status, 401);
    const ended = app.told('step-up.dropped', 'session.revoked');
    assert.equal(ended.length, 3);
    for (const event of ended) assert.equal((event as { type: string }).type, 'step-up.dropped');
  });

  it('ends the app’s session, too, where the app says how', async () => {
    const ended: unknown[] = [];
    const kept = { id: 'one', userId: 'ada' };
    const app = foreignApp({
      methods,
      session: { of: () => kept, end: (req) => ended.push(req.method) },
    });
    const ada = app.signIn();
    assert.equal((await ada.post('/auth/logout')).status, 204);
    assert.deepEqual(ended, ['POST']);
  });

  it('shares nothing with an instance of own sessions on the same host', async () => {
    const app = foreignApp({ methods });
    const own = testInstance({ methods });
    assert.ok(SECRET);
    const ada = app.signIn();
    await stepUp(ada, key);
    const token = ada.cookies.get(STEP_UP_COOKIE);
    for (const name of ['__Host-session', '__Host-access']) {
      const { outcome } = await own.auth.authenticate({
        headers: { cookie: `${name}=${token}; ${ada.cookieHeader()}` },
        method: 'GET',
      } as never); // all that is read of a request
      assert.equal(outcome, 'refused');
    }
    const alone = await own.auth.authenticate({ headers: { cookie: ada.cookieHeader() }, method: 'GET' } as never);
    assert.equal(alone.outcome, 'anonymous');
    ada.cookies.set('__Host-session', 'A'.repeat(43));
    assert.equal((await ada.post('/key')).status, 200);
    assert.ok(ada.cookies.has(APP_COOKIE));
  });
});

describe('a client without cookies, on a session that the app keeps', () => {
  it('is looked at by a function as by a guard', async () => {
    const rule = { method: 'key', maxAge: '5m' } as const;
    const app = foreignApp({ methods, routes: (auth) => ({ '/checked': [handle(auth.checkFreshStepUp(rule))] }) });
    const ada = app.signIn();
    assert.equal((await ada.post('/checked')).body.code, 'step_up_required');
    await stepUp(ada, key);
    assert.equal((await ada.post('/checked')).status, 200);
  });

  it('has what it proved in a header of stepgate’s', async () => {
    const app = foreignApp({ methods });
    const client = app.signInByHeader();
    const verified = await answer(client, key);
    assert.equal(verified.status, 200, verified.text);
    assert.deepEqual(setCookies(verified), []);
    assert.match(verified.body.step_up_token, /^[\w-]{43}$/);
    assert.equal((await client.post('/key')).status, 200);
    const { stepUpToken } = client;
    await stepUp(client, code);
    assert.notEqual(client.stepUpToken, stepUpToken);
    assert.equal((await client.post('/key')).status, 200);
  });
});
