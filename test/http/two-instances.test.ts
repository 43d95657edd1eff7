// Two instances in one app, each with its own cookies, as for customers and staff.

import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import express from 'express';
import type { Middleware } from '../../lib/http/require-session.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import type { StepgateOptions } from '../../lib/options/index.js';
import type { Stepgate } from '../../lib/stepgate.js';
import { assertRefused } from '../support/answers.js';
import { handle, sendJson, testApp } from '../support/app.js';
import { Browser, setCookies } from '../support/browser.js';
import { ORIGIN, testInstance } from '../support/instance.js';

type Options = Pick<StepgateOptions, 'cookieName' | 'delivery' | 'deliveries'>;

const CUSTOMERS: Options = { delivery: 'token-cookies', deliveries: ['token-cookies'] };
const STAFF: Options = { cookieName: 'staff', deliveries: ['cookie'] };

const names = (browser: Browser): readonly string[] => [...browser.cookies.keys()].sort();

/** A browser at an app with the two instances below `/customers` and `/staff`. */
function arrange(customers: Options = CUSTOMERS, staff: Options = STAFF) {
  const app = express();
  app.use('/customers', testApp(testInstance(customers).auth).app);
  app.use('/staff', testApp(testInstance(staff).auth).app);
  const browser = new Browser(app);
  const signIn = async (at: string): Promise<void> => {
    assert.equal((await browser.post(`${at}/login`, { body: {} })).status, 200);
  };
  const isIn = async (at: string): Promise<boolean> => (await browser.get(`${at}/me`)).status === 200;
  return { browser, signIn, isIn };
}

describe('two instances in one app', () => {
  for (const [how, customers, staff] of [
    ['one delivery each', CUSTOMERS, STAFF],
    ['all deliveries each', { delivery: 'token-cookies' }, { cookieName: 'staff' }],
    ['the same delivery by two names', { delivery: 'token-cookies' }, { ...STAFF, ...CUSTOMERS }],
  ] as const) {
    for (const order of [
      ['/customers', '/staff'],
      ['/staff', '/customers'],
    ] as const) {
      it(`don't disturb each other with ${how}, signed in at ${order.join(' first, then at ')}`, async () => {
        const { browser, signIn, isIn } = arrange(customers, staff);
        const [first, second] = order;
        await signIn(first);
        await signIn(second);
        assert.deepEqual([await isIn(first), await isIn(second)], [true, true]);
        await signIn(first);
        assert.deepEqual([await isIn(first), await isIn(second)], [true, true]);
        assert.equal((await browser.post('/customers/auth/token/refresh')).status, 200);
        assert.deepEqual([await isIn(first), await isIn(second)], [true, true]);
        assert.equal((await browser.post(`${first}/auth/logout`)).status, 204);
        assert.deepEqual([await isIn(first), await isIn(second)], [false, true]);
        await signIn(first);
        assert.equal((await browser.delete(`${second}/auth/sessions`)).status, 204);
        assert.deepEqual([await isIn(first), await isIn(second)], [true, false]);
      });
    }
  }

  it('have the names of all cookies from one option', async () => {
    const { browser, signIn } = arrange(CUSTOMERS, { ...CUSTOMERS, cookieName: 'staff' });
    await signIn('/customers');
    await signIn('/staff');
    assert.deepEqual(names(browser), [
      '__Host-access',
      '__Host-refresh',
      '__Host-staff-access',
      '__Host-staff-refresh',
    ]);
  });

  it('have each its cookie for a sign-in by passkey', async () => {
    const methods = [passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] })] as const;
    const users = { find: (id: string) => ({ name: id }) };
    const { auth } = testInstance({ cookieName: 'staff', methods, users });
    const browser = new Browser(testApp(auth).app);
    assert.equal((await browser.post('/auth/sign-in/passkey/options')).status, 200);
    assert.deepEqual(names(browser), ['__Host-staff-sign-in']);
  });
});

describe('the property that guards set', () => {
  /** An app with two instances, whose guards both run before the handler; it answers with what `properties` of the request are. */
  function guardedByBoth(options: Pick<StepgateOptions, 'requestProperty'>, properties: readonly string[]) {
    const customers = testInstance();
    const staff = testInstance({ cookieName: 'staff', ...options });
    const show: Middleware = (req, res) =>
      sendJson(res, {
        ...Object.fromEntries(properties.map((name) => [name, Reflect.get(req, name)?.userId])),
        current: [customers.auth.current(req).userId, staff.auth.current(req).userId],
      });
    const { app } = testApp(customers.auth, {
      before: [handleLogin(staff.auth)],
      routes: { '/both': [customers.auth.requireSession, staff.auth.requireSession, show] },
    });
    return new Browser(app);
  }

  /** `/staff-login` signs in to the second instance. */
  function handleLogin(auth: Stepgate): Middleware {
    const login = handle((req, res) => auth.signIn(req, res, { userId: 'grace', method: 'password' }));
    return (req, res, next) => (req.url === '/staff-login' ? login(req, res, next) : next());
  }

  for (const [how, options, expected] of [
    ['has the name that its instance gives it', { requestProperty: 'staff' }, { auth: 'ada', staff: 'grace' }],
    ['is not there for an instance that wants none', { requestProperty: false }, { auth: 'ada' }],
    ['is of the guard that ran last where the instances share it', {}, { auth: 'grace' }],
  ] as const) {
    it(how, async () => {
      const browser = guardedByBoth(options, ['auth', 'staff']);
      await browser.signIn();
      assert.equal((await browser.post('/staff-login')).status, 200);
      const { body } = await browser.get('/both');
      assert.deepEqual(body, { ...expected, current: ['ada', 'grace'] });
    });
  }
});

describe('a delivery that an instance does not use', () => {
  it('has no cookie that is looked at or cleared', async () => {
    const { browser } = arrange();
    const Cookie = `__Host-session=${'A'.repeat(43)}`;
    assertRefused(await browser.get('/customers/me', { headers: { Cookie } }), 401, 'session_required');
    assert.equal((await browser.get('/customers/maybe', { headers: { Cookie } })).body, null);
    const response = await browser.post('/customers/auth/logout', { headers: { Cookie } });
    assert.deepEqual(
      setCookies(response).map((line) => line.split(';')[0]),
      ['__Host-access=', '__Host-refresh='],
    );
  });

  it('has no session that a log-out by its cookie ends', async () => {
    const all = testInstance();
    const cookieOnly = testInstance({ store: all.store, deliveries: ['cookie'] });
    const browser = new Browser(testApp(all.auth).app);
    const { session } = await browser.signIn({ delivery: 'token-cookies' });
    const other = new Browser(testApp(cookieOnly.auth).app, new Map(browser.cookies));
    assert.equal((await other.post('/auth/logout')).status, 204);
    assertRefused(await other.post('/auth/token/refresh'), 400, 'refresh_missing');
    assert.notEqual(await all.auth.sessions.get(session.id), null);
  });

  it('has no bearer token that is looked at: the cookie beside it counts', async () => {
    const { browser, signIn } = arrange();
    await signIn('/staff');
    for (const Authorization of ['Bearer of.somebody.else', 'Bearer', 'Bearer undefined']) {
      const response = await browser.get('/staff/me', { headers: { Authorization } });
      assert.deepEqual([response.status, response.body.via], [200, 'cookie']);
      const foreign = { Authorization, 'Sec-Fetch-Site': 'cross-site' };
      assertRefused(await browser.post('/staff/me', { headers: foreign }), 403, 'cross_origin');
      const nobody = { Authorization, Cookie: undefined };
      assertRefused(await browser.get('/staff/me', { headers: nobody }), 401, 'session_required');
    }
  });

  it('leaves API keys as they are', async () => {
    const apiKeys = { prefix: 'k_', verify: () => ({ userId: 'ada' }) };
    const { auth } = testInstance({ deliveries: ['cookie'], apiKeys });
    const routes = { '/machine': [auth.requireSession({ apiKeys: true }), answerAuth] };
    const browser = new Browser(testApp(auth, { routes }).app);
    const response = await browser.get('/machine', { headers: { Authorization: 'Bearer k_1' } });
    assert.deepEqual([response.status, response.body.via], [200, 'api-key']);
  });

  it('is a 400 in a refresh by body, and ends nothing in a log-out by body', async () => {
    const all = testInstance();
    const cookieOnly = testInstance({ store: all.store, deliveries: ['cookie'] });
    const { session, body } = await new Browser(testApp(all.auth).app).signIn({ delivery: 'bearer' });
    const { refresh_token } = body;
    const browser = new Browser(testApp(cookieOnly.auth).app);
    assertRefused(await browser.post('/auth/token/refresh', { body: { refresh_token } }), 400, 'request_invalid');
    assert.equal((await browser.post('/auth/logout', { body: { refresh_token } })).status, 204);
    assert.notEqual(await all.auth.sessions.get(session.id), null);
  });

  it('is a 400 in a sign-in by passkey', async () => {
    const methods = [passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] })] as const;
    const users = { find: (id: string) => ({ name: id }) };
    const { auth } = testInstance({ deliveries: ['cookie'], methods, users });
    const browser = new Browser(testApp(auth).app);
    for (const delivery of ['bearer', 'token-cookies']) {
      const response = await browser.post('/auth/sign-in/passkey', { body: { delivery } });
      assertRefused(response, 400, 'request_invalid');
    }
    const response = await browser.post('/auth/sign-in/passkey', { body: { delivery: 'cookie' } });
    assertRefused(response, 403, 'sign_in_refused');
  });
});

const answerAuth: Middleware = (req, res) => sendJson(res, (req as { auth?: unknown }).auth); // which the guard has set
