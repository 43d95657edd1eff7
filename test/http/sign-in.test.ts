import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser, setCookies } from '../support/browser.js';
import { type TestInstance, type TestInstanceOptions, testInstance } from '../support/instance.js';

const CLEARED = 'Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax';

function arrange(options: TestInstanceOptions = {}): TestInstance & { browser: Browser } {
  const instance = testInstance(options);
  return { ...instance, browser: new Browser(testApp(instance.auth).app) };
}

async function login(browser: Browser, options: object = {}): Promise<Response> {
  const response = await browser.post('/login', { body: options });
  assert.equal(response.status, 200, response.text);
  return response;
}

describe('signIn with the cookie delivery', () => {
  it('sets one cookie that only our own https pages get, until the absolute end, and clears the others', async () => {
    const { browser } = arrange();
    const lines = setCookies(await login(browser));
    assert.equal(lines.length, 3);
    assert.ok(lines.includes(`__Host-access=; ${CLEARED}`));
    assert.ok(lines.includes(`__Host-refresh=; ${CLEARED}`));
    const [session] = lines.filter((line) => line.startsWith('__Host-session='));
    assert.match(session ?? '', /^__Host-session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });

  it('answers with the public id, and with the token in the cookie alone', async () => {
    const { browser } = arrange();
    const { body, text, headers } = await login(browser);
    const token = browser.cookies.get('__Host-session') ?? '';
    assert.deepEqual(body.body, { session_id: body.session.id });
    assert.notEqual(body.session.id, token);
    assert.ok(!text.includes(token));
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['pragma'], 'no-cache');
  });

  it("leaves the response to the app and the app's own cookies alone", async () => {
    const { auth } = testInstance();
    const { app } = testApp(auth, {
      before: [
        (_req, res, next) => {
          res.setHeader('Set-Cookie', 'theme=dark');
          next();
        },
      ],
    });
    const lines = setCookies(await login(new Browser(app)));
    assert.equal(lines.length, 4);
    assert.equal(lines[0], 'theme=dark');
  });

  it('without a prefix and Secure where insecureCookies says so', async () => {
    const { browser } = arrange({ issuer: 'http://localhost:3000', insecureCookies: true });
    const lines = setCookies(await login(browser));
    assert.match(lines.join('\n'), /^session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/m);
    assert.ok(!lines.join().includes('Secure') && !lines.join().includes('__Host-'));
    assert.equal((await browser.get('/me')).status, 200);
  });

  it('in a cookie of the name that the app has chosen', async () => {
    const { browser } = arrange({ cookieName: 'bank.sid' });
    await login(browser);
    assert.deepEqual([...browser.cookies.keys()], ['__Host-bank.sid']);
    assert.equal((await browser.get('/me')).status, 200);
    const headers = { Cookie: `__Host-bankxsid=${browser.cookies.get('__Host-bank.sid')}` };
    assertRefused(await browser.get('/me', { headers }), 401, 'session_required');
  });

  it('for as long as the absolute lifetime says', async () => {
    const { browser } = arrange({ absoluteLifetime: '12h' });
    assert.match(setCookies(await login(browser)).join('\n'), /^__Host-session=[\w-]{43}; Max-Age=43200;/m);
  });
});

describe('signIn', () => {
  it('makes a new token and a new id each time', async () => {
    const { browser } = arrange();
    const ids = new Set<string>();
    const tokens = new Set<string | undefined>();
    for (let time = 0; time < 20; time += 1) {
      ids.add((await browser.signIn()).session.id);
      tokens.add(browser.cookies.get('__Host-session'));
    }
    assert.equal(ids.size, 20);
    assert.equal(tokens.size, 20);
  });

  it('ends the session that the request carried, and says so', async () => {
    const { browser, auth, events } = arrange();
    const first = await browser.signIn();
    const old = browser.cookieHeader();
    events.length = 0;
    const second = await browser.signIn({ userId: 'bob' });
    assert.deepEqual(
      events.map(({ at: _at, ...event }) => event),
      [
        { type: 'session.revoked', userId: 'ada', sessionId: first.session.id, by: 'sign-in' },
        {
          type: 'session.created',
          userId: 'bob',
          sessionId: second.session.id,
          methods: ['password'],
          ip: '127.0.0.1',
        },
      ],
    );
    assertRefused(await browser.get('/me', { headers: { Cookie: old } }), 401, 'session_invalid');
    assert.deepEqual((await auth.sessions.listForUser('ada')).sessions, []);
    assert.equal((await browser.get('/me')).body.userId, 'bob');
  });

  it("keeps the user's sessions on other devices", async () => {
    const { browser, auth } = arrange();
    const phone = new Browser(testApp(auth).app);
    await phone.signIn();
    await browser.signIn();
    assert.equal((await phone.get('/me')).status, 200);
    assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 2);
  });

  it('with a cookie that is malformed, stale or there twice makes a session all the same', async () => {
    const { browser } = arrange();
    const name = '__Host-session';
    for (const cookie of [`${name}=x`, `${name}=${'A'.repeat(43)}`, `${name}=a; ${name}=b`, `${name}=`]) {
      const response = await browser.post('/login', { body: {}, headers: { Cookie: cookie } });
      assert.equal(response.status, 200, cookie);
      assert.equal((await browser.get('/me')).status, 200);
    }
  });

  it('notes a proof of each method and when its credentials were taken', async () => {
    const { browser, clock } = arrange();
    const now = clock.now();
    await browser.signIn({ method: ['password', 'external'], startedAt: now - 700 });
    const { body } = await browser.get('/me');
    assert.equal(body.session.authenticatedAt, now - 700);
    assert.equal(body.session.createdAt, now);
    assert.deepEqual(body.proofs, [
      { method: 'password', verifiedAt: now - 700 },
      { method: 'external', verifiedAt: now - 700 },
    ]);
  });

  it('takes an older time for each method by itself; the session is as old as the oldest', async () => {
    const { browser, clock } = arrange();
    const now = clock.now();
    await browser.signIn({ method: ['password', 'external'], startedAt: { external: now - 700 } });
    const { body } = await browser.get('/me');
    assert.equal(body.session.authenticatedAt, now - 700);
    assert.deepEqual(body.proofs, [
      { method: 'password', verifiedAt: now },
      { method: 'external', verifiedAt: now - 700 },
    ]);
  });

  it('that is not interactive makes no proof, and says of no method that it was passed', async () => {
    const { browser, store } = arrange();
    const { session } = await browser.signIn({ interactive: false });
    assert.deepEqual((await browser.get('/me')).body.proofs, []);
    const row = await store.sessions.get(session.id);
    assert.deepEqual([row?.amr, row?.acr], [[], null]);
  });

  it('takes a clock that is a little ahead for ours', async () => {
    const { browser, clock } = arrange();
    const { session } = await browser.signIn({ startedAt: clock.now() + 5_000 });
    assert.equal(session.authenticatedAt, clock.now());
  });

  it('refuses credentials that were taken a day ago', async () => {
    const { browser, clock, events } = arrange();
    const at = clock.now() - 86_400_000;
    assertRefused(await browser.post('/login', { body: { startedAt: at } }), 403, 'sign_in_refused');
    assert.deepEqual(events, [
      { type: 'session.refused', reason: 'too-late', userId: 'ada', ip: '127.0.0.1', at: clock.now() },
    ]);
    await browser.signIn({ startedAt: at + 1 });
  });

  it("keeps a copy of the data, as JSON has it, for the session's whole life", async () => {
    const { auth, browser } = arrange();
    const data = { tenant: 'bank', roles: ['clerk'], at: new Date(0), nothing: undefined };
    const seen = { tenant: 'bank', roles: ['clerk'], at: '1970-01-01T00:00:00.000Z' };
    const { session } = await browser.signIn({ data });
    assert.deepEqual(session.data, seen);
    assert.deepEqual((await auth.sessions.get(session.id))?.data, seen);
    assert.deepEqual((await browser.get('/me')).body.session.data, seen);
  });

  it('takes data of 4 KiB', async () => {
    const { browser } = arrange();
    const { session } = await browser.signIn({ data: 'x'.repeat(4_094) });
    assert.equal(JSON.stringify(session.data).length, 4_096);
  });

  it('cuts a label off at 255 characters, never through one', async () => {
    const { auth, browser } = arrange();
    const { session } = await browser.signIn({ label: `${'x'.repeat(254)}👩 and more` });
    assert.equal(session.label, `${'x'.repeat(254)}\ufffd`);
    assert.equal((await auth.sessions.get(session.id))?.label, session.label);
  });

  it('is no sign-in when pages of other origins send it, with a session or without', async () => {
    const { browser, auth, events } = arrange();
    const foreign = { body: {}, headers: { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' } };
    assertRefused(await browser.post('/login', foreign), 403, 'cross_origin');
    await browser.signIn();
    assertRefused(await browser.post('/login', foreign), 403, 'cross_origin');
    assert.equal((await browser.get('/me')).status, 200);
    assert.equal((await auth.sessions.listForUser('ada')).sessions.length, 1);
    assert.equal(events.filter(({ type }) => type === 'session.created').length, 1);
  });

  it('may be a GET that comes from an identity provider', async () => {
    const { auth } = arrange();
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    const response = await new Browser(testApp(auth).app).get('/login', { headers });
    assert.equal(response.status, 200);
  });
});
