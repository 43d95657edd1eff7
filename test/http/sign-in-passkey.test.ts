import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { signedIn, softwareAuthenticator } from '../../lib/testing/index.js';
import { assertRefused } from '../support/answers.js';
import { frameworks } from '../support/app.js';
import { Browser, setCookies } from '../support/browser.js';
import { ORIGIN } from '../support/instance.js';
import { pin } from '../support/pin.js';
import { readJwt } from '../tokens/jwt.js';
import { beginSignIn, passkeyApp, signInBy } from './passkey-app.js';

for (const [framework, create] of Object.entries(frameworks)) {
  describe(`a sign-in by passkey on ${framework}`, () => {
    it('needs no name, makes a session with a proof, and leaves the passkey’s use noted', async () => {
      const app = passkeyApp({ create });
      const { key } = await app.userWithPasskey();
      await app.userWithPasskey('bea');
      const browser = new Browser(app.app);

      const begun = await browser.post('/auth/sign-in/passkey/options');
      const { challengeId, options, ...rest } = begun.body;
      assert.equal(begun.status, 200, begun.text);
      assert.equal(begun.headers['cache-control'], 'no-store');
      assert.deepEqual(rest, { expiresAt: app.clock.now() + 300_000, expiresIn: 300 });
      assert.deepEqual(options, {
        rpId: 'app.example',
        challenge: options.challenge,
        timeout: 300_000,
        userVerification: 'required',
      });
      const [cookie = '', ...others] = setCookies(begun);
      assert.match(cookie, /^__Host-sign-in=[\w-]{43}; Max-Age=300; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      assert.deepEqual(others, []);

      const response = await browser.post('/auth/sign-in/passkey', {
        body: { challengeId, response: key.get(options) },
      });
      assert.equal(response.status, 200, response.text);
      assert.equal(response.headers['cache-control'], 'no-store');
      const { userId, session, proofs } = (await browser.get('/me')).body;
      assert.deepEqual(response.body, { session_id: session.id });
      assert.deepEqual([userId, session.delivery], ['ada', 'cookie']);
      assert.deepEqual(proofs, [{ method: 'passkey', verifiedAt: app.clock.now() }]);
      const created = { type: 'session.created', userId: 'ada', sessionId: session.id, methods: ['passkey'] };
      assert.deepEqual(app.told('session.created').at(-1), created);
      assert.equal((await browser.get('/auth/passkeys')).body.passkeys[0].lastUsedAt, app.clock.now());
    });
  });
}

describe('a sign-in by passkey', () => {
  it('ends the session that the browser had before, whoever’s it was', async () => {
    const app = passkeyApp();
    const { browser, key } = await app.userWithPasskey();
    const { browser: beas } = await app.userWithPasskey('bea');
    for (const before of [browser, beas]) {
      const { id } = (await before.get('/me')).body.session;
      assert.equal((await signInBy(before, key)).status, 200);
      assert.equal((await before.get('/me')).body.userId, 'ada');
      assert.equal(await app.auth.sessions.get(id), null);
    }
    assert.deepEqual(
      app.told('session.revoked').map((event) => 'by' in event && event.by),
      ['sign-in', 'sign-in'],
    );
  });

  it('keeps the session that the browser had when it is refused', async () => {
    const app = passkeyApp();
    const { browser, key } = await app.userWithPasskey();
    assertRefused(await signInBy(browser, key, { variant: { tamperSignature: true } }), 403, 'sign_in_refused');
    assert.equal((await browser.get('/me')).status, 200);
  });

  it('hands out what the delivery says', async () => {
    const app = passkeyApp();
    const { key } = await app.userWithPasskey();
    const bearer = await signInBy(new Browser(app.app), key, { delivery: 'bearer' });
    assert.deepEqual(Object.keys(bearer.body).sort(), [
      'access_token',
      'expires_in',
      'refresh_token',
      'session_id',
      'token_type',
    ]);
    const { claims } = readJwt(bearer.body.access_token);
    assert.deepEqual([claims['sub'], claims['acr'], claims['amr']], ['ada', 'phr', ['pop', 'user', 'mfa']]);
    assert.ok(!setCookies(bearer).some((line) => !line.includes('Max-Age=0')));

    const cookies = await signInBy(new Browser(app.app), key, { delivery: 'token-cookies' });
    assert.deepEqual(Object.keys(cookies.body).sort(), ['expires_in', 'session_id']);
    const set = setCookies(cookies).filter((line) => !line.includes('Max-Age=0'));
    assert.deepEqual(new Set(set.map((line) => line.split('=')[0])), new Set(['__Host-access', '__Host-refresh']));
  });

  it('takes no other delivery, and no other field', async () => {
    const app = passkeyApp();
    const { key } = await app.userWithPasskey();
    const browser = new Browser(app.app);
    for (const delivery of ['cookies', '', null, 1, ['cookie']]) {
      assertRefused(await signInBy(browser, key, { delivery }), 400, 'request_invalid');
    }
    const { challengeId, options } = await beginSignIn(browser);
    const body = { challengeId, response: key.get(options), userId: 'bea' };
    assertRefused(await browser.post('/auth/sign-in/passkey', { body }), 400, 'request_invalid');
    const named = await browser.post('/auth/sign-in/passkey/options', { body: { userId: 'ada' } });
    assertRefused(named, 400, 'request_invalid');
    assertRefused(await browser.get('/auth/sign-in/passkey'), 405, 'method_not_allowed');
  });

  it('is there only where passkeys are', async () => {
    const app = passkeyApp({ methods: [pin] });
    const browser = new Browser(app.app);
    for (const path of ['/auth/sign-in/passkey/options', '/auth/sign-in/passkey']) {
      assert.equal((await browser.post(path)).status, 404);
    }
  });

  it('works in two tabs of a browser at once, and again after a sign-in', async () => {
    const app = passkeyApp();
    const { key } = await app.userWithPasskey();
    const browser = new Browser(app.app);
    const tabs = [await beginSignIn(browser), await beginSignIn(browser)];
    for (const { challengeId, options } of tabs.reverse()) {
      const response = await browser.post('/auth/sign-in/passkey', {
        body: { challengeId, response: key.get(options) },
      });
      assert.equal(response.status, 200, response.text);
    }
  });

  it('begins anew with a cookie that is none of ours', async () => {
    const app = passkeyApp();
    const { key } = await app.userWithPasskey();
    const browser = new Browser(app.app);
    for (const cookie of ['x', '', 'A'.repeat(42), `${'A'.repeat(42)}B`]) {
      browser.cookies.clear();
      browser.cookies.set('__Host-sign-in', cookie);
      assert.equal((await signInBy(browser, key)).status, 200);
    }
  });

  it('meets a rule that asks for a fresh passkey', async () => {
    const app = passkeyApp({
      routes: (auth) => ({
        '/role': [auth.requireFreshStepUp({ method: 'passkey', maxAge: '5m' }), (_req, res) => void res.end('ok')],
      }),
    });
    const { browser, key } = await app.userWithPasskey();
    assert.equal((await browser.post('/role')).status, 401); // signed in with a password
    await signInBy(browser, key);
    assert.equal((await browser.post('/role')).text, 'ok');
    app.clock.advance('5m');
    assert.equal((await browser.post('/role')).status, 401);
  });

  it('may be by a synced passkey, whose counter stays 0', async () => {
    const app = passkeyApp();
    const { browser } = await app.userWithPasskey();
    const synced = softwareAuthenticator({ origin: ORIGIN, synced: true });
    const { headers } = await signedIn(app.auth, { userId: 'cleo', proofs: { passkey: 0 } });
    const { challengeId, options } = (await browser.post('/auth/passkeys/options', { headers })).body;
    const body = { challengeId, response: synced.create(options) };
    assert.equal((await browser.post('/auth/passkeys', { headers, body })).status, 201);
    for (let turn = 0; turn < 2; turn += 1) {
      const there = new Browser(app.app);
      assert.equal((await signInBy(there, synced)).status, 200);
      assert.equal((await there.get('/me')).body.userId, 'cleo');
    }
  });

  it('is refused when all sessions of the user were ended while it was under way', async () => {
    let duringSignIn = (): unknown => null;
    const app = passkeyApp({
      users: {
        find: async (id) => {
          await duringSignIn();
          return { name: id };
        },
      },
    });
    const { key } = await app.userWithPasskey();
    duringSignIn = () => app.auth.sessions.revokeAllForUser('ada');
    assertRefused(await signInBy(new Browser(app.app), key), 403, 'sign_in_refused');
    assert.deepEqual((await app.auth.sessions.listForUser('ada')).sessions, []);
    duringSignIn = () => null;
    app.clock.advance('1s');
    assert.equal((await signInBy(new Browser(app.app), key)).status, 200);
  });
});
