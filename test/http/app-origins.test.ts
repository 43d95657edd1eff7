import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { password } from '../../lib/index.js';
import { passkey } from '../../lib/methods/passkey/index.js';
import { softwareAuthenticator } from '../../lib/testing/index.js';
import { assertRefused } from '../support/answers.js';
import { testApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { ORIGIN, testInstance } from '../support/instance.js';

const PASSWORD = 'swordfish';

/** What a page sends that an app brings along, such as Capacitor's on iOS. */
const sentFrom = (origin: string) => ({ Origin: origin, 'Sec-Fetch-Site': 'cross-site' });

const APPS = {
  Capacitor: 'capacitor://localhost',
  Ionic: 'ionic://localhost',
  Tauri: 'tauri://localhost',
  'an extension': 'chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh',
  'a scheme with capitals': 'com.Example.App://localhost:8080',
} as const;

for (const [what, origin] of Object.entries(APPS)) {
  describe(`a page of ${what}, whose origin is trusted`, () => {
    it('signs in, refreshes, steps up and signs out with bearer tokens', async () => {
      const { auth, clock } = testInstance({
        delivery: 'bearer',
        trustedOrigins: [origin],
        methods: [password({ verify: (_, given) => given === PASSWORD })],
      });
      const { app } = testApp(auth);
      const browser = new Browser(app);
      const { refresh_token } = (await browser.post('/login', { headers: sentFrom(origin) })).body.body;
      clock.advance('1m');
      const refreshed = await browser.post('/auth/token/refresh', {
        body: { refresh_token },
        headers: sentFrom(origin),
      });
      assert.equal(refreshed.status, 200, refreshed.text);
      const withToken = (token: string) => ({ ...sentFrom(origin), Authorization: `Bearer ${token}` });
      const body = { method: 'password', response: { password: PASSWORD } };
      const stepUp = await browser.post('/auth/step-up/verify', {
        body,
        headers: withToken(refreshed.body.access_token),
      });
      assert.equal(stepUp.status, 200, stepUp.text);
      const out = await browser.post('/auth/logout', { headers: withToken(stepUp.body.access_token) });
      assert.equal(out.status, 204);
      const me = await browser.get('/me', { headers: withToken(stepUp.body.access_token) });
      assertRefused(me, 401, 'session_invalid');
    });

    it('is refused as any other where it is not, and so are those that only look like it', async () => {
      const { auth } = testInstance({ delivery: 'bearer', trustedOrigins: [origin] });
      const browser = new Browser(testApp(auth).app);
      const { refresh_token } = (await browser.post('/login')).body.body;
      for (const other of [`${origin}.evil.example`, `${origin}/`, `x${origin}`, origin.replace('://', ':'), 'null']) {
        const refused = await browser.post('/auth/token/refresh', {
          body: { refresh_token },
          headers: sentFrom(other),
        });
        assertRefused(refused, 403, 'cross_origin');
      }
    });
  });
}

describe('a native app without a cookie jar', () => {
  it('signs in by a passkey, since with bearer tokens the challenge needs no cookie', async () => {
    const { app, key } = await arrange();
    const native = new Browser(app, new NoJar());
    const begun = await native.post('/auth/sign-in/passkey/options', { body: { delivery: 'bearer' } });
    assert.equal(begun.headers['set-cookie'], undefined);
    const { challengeId, options } = begun.body;
    const body = { challengeId, response: key.get(options), delivery: 'bearer' };
    const signedIn = await native.post('/auth/sign-in/passkey', { body });
    assert.equal(signedIn.status, 200, signedIn.text);
    const me = await native.get('/me', { headers: { Authorization: `Bearer ${signedIn.body.access_token}` } });
    assert.equal(me.body.userId, 'ada');
    const again = { ...body, response: key.get(options) };
    assertRefused(await native.post('/auth/sign-in/passkey', { body: again }), 403, 'sign_in_refused');
  });

  it('need not say so where bearer tokens are what stepgate gives', async () => {
    const { app, key } = await arrange({ delivery: 'bearer' });
    const native = new Browser(app, new NoJar());
    const { challengeId, options } = (await native.post('/auth/sign-in/passkey/options')).body;
    const signedIn = await native.post('/auth/sign-in/passkey', { body: { challengeId, response: key.get(options) } });
    assert.equal(signedIn.status, 200, signedIn.text);
    assert.equal(signedIn.body.token_type, 'Bearer');
  });

  it('may be given a challenge that lives five minutes, and no other delivery than those in use', async () => {
    const { app, key, clock } = await arrange();
    const native = new Browser(app, new NoJar());
    const { challengeId, options } = (
      await native.post('/auth/sign-in/passkey/options', { body: { delivery: 'bearer' } })
    ).body;
    clock.advance('5m');
    const body = { challengeId, response: key.get(options), delivery: 'bearer' };
    assertRefused(await native.post('/auth/sign-in/passkey', { body }), 403, 'sign_in_refused');
    for (const delivery of ['Bearer', '', null, 1]) {
      const refused = await native.post('/auth/sign-in/passkey/options', { body: { delivery } });
      assertRefused(refused, 400, 'request_invalid');
    }
  });
});

class NoJar extends Map<string, string> {
  override set(): this {
    return this;
  }
}

type Options = NonNullable<Parameters<typeof testInstance>[0]>;

async function arrange(options: Pick<Options, 'delivery'> = {}) {
  const instance = testInstance({
    methods: [passkey({ rpID: 'app.example', rpName: 'Example', origins: [ORIGIN] })],
    users: { find: (id) => ({ name: id }) },
    ...options,
  });
  const { app } = testApp(instance.auth);
  const browser = new Browser(app);
  await browser.signIn({ delivery: 'cookie' });
  const key = softwareAuthenticator({ origin: ORIGIN });
  const { challengeId, options: creation } = (await browser.post('/auth/passkeys/options')).body;
  const added = await browser.post('/auth/passkeys', { body: { challengeId, response: key.create(creation) } });
  assert.equal(added.status, 201, added.text);
  instance.clock.advance('1m');
  return { ...instance, app, key };
}
