import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { Refusal } from '../../lib/http/refusal.js';
import type { Middleware } from '../../lib/http/require-session.js';
import { SetupError } from '../../lib/internal/setup-error.js';
import type { Stepgate } from '../../lib/stepgate.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { assertRefused } from '../support/answers.js';
import { handle, sendJson, testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { faultyStore } from '../support/faulty-store.js';
import { testInstance } from '../support/instance.js';

/** Answers what `auth.current` gives, or passes on what it throws. */
function showCurrent(auth: Stepgate): Middleware {
  return (req, res) => sendJson(res, auth.current(req));
}

/** Another middleware's idea of who is there. */
const plant: Middleware = (req, _res, next) => {
  const planted = { via: 'cookie', userId: 'mallory', session: { id: 'x' }, proofs: [] };
  (req as { auth?: unknown }).auth = planted; // as other libraries do
  next();
};

describe('req.auth', () => {
  it('says who is there, since when and by which proof, and nothing that is a credential', async () => {
    const { auth, clock } = testInstance();
    const browser = new Browser(testApp(auth).app);
    const at = clock.now();
    const { session } = await browser.signIn({ label: 'my laptop', data: { tenant: 'bank' } });
    const { body } = await browser.get('/me');
    assert.deepEqual(body, {
      via: 'cookie',
      userId: 'ada',
      session,
      proofs: [{ method: 'password', verifiedAt: at }],
    });
    assert.deepEqual(body.session, {
      id: session.id,
      userId: 'ada',
      delivery: 'cookie',
      createdAt: at,
      authenticatedAt: at,
      lastSeenAt: at,
      idleExpiresAt: at + 7 * 86_400_000,
      expiresAt: at + 30 * 86_400_000,
      userAgent: null,
      ip: '127.0.0.1',
      label: 'my laptop',
      data: { tenant: 'bank' },
    });
  });

  it('is replaced when another middleware planted one', async () => {
    const { auth } = testInstance();
    const { app } = testApp(auth, { before: [plant] });
    const browser = new Browser(app);
    assertRefused(await browser.get('/me'), 401, 'session_required');
    assert.equal((await browser.get('/maybe')).body, null);
    await browser.signIn();
    assert.equal((await browser.get('/me')).body.userId, 'ada');
  });
});

describe('auth.current', () => {
  it('gives what the guard found out', async () => {
    const { auth } = testInstance();
    const { app } = testApp(auth, { routes: { '/current': [auth.requireSession, showCurrent(auth)] } });
    const browser = new Browser(app);
    await browser.signIn();
    assert.deepEqual((await browser.get('/current')).body, (await browser.get('/me')).body);
  });

  it("doesn't believe a `req.auth` that other middleware planted", async () => {
    const { auth } = testInstance();
    const { app, errors } = testApp(auth, { before: [plant, showCurrent(auth)] });
    await new Browser(app).get('/');
    assert.ok(errors[0] instanceof SetupError);
  });

  it("doesn't believe a `req.auth` that was planted after the guard", async () => {
    const { auth } = testInstance();
    const { app } = testApp(auth, { routes: { '/current': [auth.requireSession, plant, showCurrent(auth)] } });
    const browser = new Browser(app);
    await browser.signIn();
    assert.equal((await browser.get('/current')).body.userId, 'ada');
  });

  it('throws a SetupError that says what to do where no guard ran', async () => {
    const { auth } = testInstance();
    const { app, errors } = testApp(auth, { before: [showCurrent(auth)] });
    await new Browser(app).get('/');
    assert.ok(errors[0] instanceof SetupError);
    assert.match(errors[0].help, /`requireSession`/);
  });

  it('throws a Refusal where an optional guard found nobody', async () => {
    const { auth } = testInstance();
    const optional = auth.requireSession({ optional: true });
    const { app, errors } = testApp(auth, { before: [optional, showCurrent(auth)] });
    await new Browser(app).get('/');
    assert.ok(errors[0] instanceof Refusal);
    assert.equal(errors[0].code, 'session_required');
  });

  it('knows the new session right after signIn, and nobody after signOut', async () => {
    const { auth } = testInstance();
    const inAndOut = handle(async (req, res) => {
      const { session } = await auth.signIn(req, res, { userId: 'ada', method: 'password' });
      const current = auth.current(req);
      await auth.signOut(req, res);
      assert.throws(() => auth.current(req), { name: 'Refusal', code: 'session_required' });
      return { session, current };
    });
    const { app, errors } = testApp(auth, { routes: { '/': [inAndOut] } });
    const { body } = await new Browser(app).post('/');
    assert.deepEqual(errors, []);
    assert.deepEqual(body.current.session, body.session);
  });
});

describe('a second guard of the same instance', () => {
  it('takes over what the first found out and asks the store no more', async () => {
    const store = faultyStore(memoryStore());
    const { auth } = testInstance({ store });
    const { app } = testApp(auth, { before: [auth.requireSession({ optional: true })] });
    const browser = new Browser(app);
    await browser.signIn();
    store.calls.length = 0;
    assert.equal((await browser.get('/me')).status, 200);
    assert.equal((await browser.get('/auth/session')).status, 200);
    assert.deepEqual(store.calls, ['find', 'find']);
  });

  it('still refuses what the first let through', async () => {
    const { auth } = testInstance();
    const { app } = testApp(auth, { before: [auth.requireSession({ optional: true })] });
    assertRefused(await new Browser(app).get('/me'), 401, 'session_required');
    const stale = { headers: { Cookie: '__Host-session=stale' } };
    assertRefused(await new Browser(app).get('/me', stale), 401, 'session_invalid');
  });
});

describe('two instances in one app', () => {
  it("don't trust each other's guards", async () => {
    const one = testInstance();
    const two = testInstance({ cookieName: 'other' });
    const both = [one.auth.requireSession, two.auth.requireSession, showCurrent(two.auth)];
    const { app, errors } = testApp(one.auth, { routes: { '/two': both } });
    const browser = new Browser(app);
    await browser.signIn();
    assertRefused(await browser.get('/two'), 401, 'session_required');
    assert.deepEqual(errors, []);
  });

  it("don't answer for each other in auth.current", async () => {
    const one = testInstance();
    const two = testInstance();
    const { app, errors } = testApp(one.auth, {
      before: [one.auth.requireSession({ optional: true }), showCurrent(two.auth)],
    });
    const browser = new Browser(app);
    await browser.get('/');
    assert.ok(errors[0] instanceof SetupError);
  });

  it("don't know each other's sessions, though the cookie has the same name and the secret is the same", async () => {
    const one = testInstance();
    const two = testInstance();
    const browser = new Browser(testApp(one.auth).app);
    await browser.signIn();
    const headers = { Cookie: browser.cookieHeader() };
    assertRefused(await new Browser(testApp(two.auth).app).get('/me', { headers }), 401, 'session_invalid');
  });
});
