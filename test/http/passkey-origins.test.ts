import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Middleware } from '../../lib/http/require-session.js';
import { SetupError } from '../../lib/index.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import { softwareAuthenticator } from '../../lib/testing/index.js';
import { assertRefused } from '../support/answers.js';
import { frameworks, sendJson } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { ORIGIN, testInstance } from '../support/instance.js';
import { type PasskeyAppOptions, passkeyApp, signInBy } from './passkey-app.js';

const ANDROID = 'android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck';
const RELATED = 'https://app-example.net';

function appOf(options: PasskeyAppOptions = {}) {
  const origins = [ORIGIN, ANDROID, RELATED];
  return passkeyApp({ methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins })], ...options });
}

/** What the system of a phone puts into the client data for a native app. */
const NATIVE = { origin: ANDROID, crossOrigin: undefined, androidPackageName: 'example.app' };

describe('a passkey of an Android app', () => {
  it('is registered, steps up and signs in with the origin of the app’s certificate', async () => {
    const app = appOf();
    const phone = new Browser(app.app);
    await phone.signIn();
    const key = softwareAuthenticator({ origin: ORIGIN });
    const begun = (await phone.post('/auth/passkeys/options')).body;
    const response = key.create(begun.options, { clientData: NATIVE });
    const added = await phone.post('/auth/passkeys', { body: { challengeId: begun.challengeId, response } });
    assert.equal(added.status, 201, added.text);
    app.clock.advance('1m');

    const { challengeId, options } = (await phone.post('/auth/step-up/options', { body: { method: 'passkey' } })).body;
    const body = { method: 'passkey', challengeId, response: key.get(options, { clientData: NATIVE }) };
    assert.equal((await phone.post('/auth/step-up/verify', { body })).status, 200);
    assert.equal((await signInBy(new Browser(app.app), key, { variant: { clientData: NATIVE } })).status, 200);
  });

  it('is refused for another app’s certificate, and for the same with another ending', async () => {
    const app = appOf();
    const { key } = await app.userWithPasskey();
    for (const origin of [ANDROID.replace('pNiP', 'qNiP'), `${ANDROID}=`, ANDROID.toLowerCase()]) {
      const refused = await signInBy(new Browser(app.app), key, { variant: { clientData: { origin } } });
      assertRefused(refused, 403, 'sign_in_refused');
    }
  });
});

describe('a passkey on a page of a related domain', () => {
  it('signs in where that origin is listed, and on no other page', async () => {
    const app = appOf();
    const { key } = await app.userWithPasskey();
    const there = await signInBy(new Browser(app.app), key, { variant: { clientData: { origin: RELATED } } });
    assert.equal(there.status, 200);
    for (const origin of ['https://www.app-example.net', 'http://app-example.net', 'https://app-example.org']) {
      const refused = await signInBy(new Browser(app.app), key, { variant: { clientData: { origin } } });
      assertRefused(refused, 403, 'sign_in_refused');
    }
  });
});

for (const [framework, create] of Object.entries(frameworks)) {
  describe(`auth.wellKnown() on ${framework}`, () => {
    it('serves the web origins, to be cached by anybody, and lets all else go on', async () => {
      const origins = [ORIGIN, ANDROID, RELATED];
      const { auth } = testInstance({
        methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins })],
        users: { find: () => null },
      });
      const app = create();
      const seen: Middleware = (req, res) => sendJson(res, { app: req.url });
      app.use('/', auth.wellKnown());
      app.use('/', seen);
      const browser = new Browser(app);
      for (const path of ['/.well-known/webauthn', '/.well-known/webauthn?v=1']) {
        const answer = await browser.get(path);
        assert.equal(answer.status, 200);
        assert.deepEqual(answer.body, { origins: [ORIGIN, RELATED] });
        assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
        assert.equal(answer.headers['cache-control'], 'public, max-age=3600');
      }
      const head = await browser.send('HEAD', '/.well-known/webauthn');
      assert.equal(head.status, 200);
      for (const path of ['/', '/.well-known', '/.well-known/webauthn/', '/auth/.well-known/webauthn']) {
        assert.deepEqual((await browser.get(path)).body, { app: path });
      }
      assert.deepEqual((await browser.post('/.well-known/webauthn')).body, { app: '/.well-known/webauthn' });
    });
  });
}

it('auth.wellKnown() is refused at set-up without passkeys', () => {
  const { auth } = testInstance();
  assert.throws(() => auth.wellKnown(), SetupError);
});
