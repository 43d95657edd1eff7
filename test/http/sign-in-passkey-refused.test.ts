import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { Response } from 'supertest';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { type AuthenticationVariant, softwareAuthenticator } from '../../lib/testing/index.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';
import { ORIGIN, SECRET } from '../support/instance.js';
import { beginSignIn, passkeyApp, type SignInOptionsJson, signInBy } from './passkey-app.js';

const OTHER_SECRET = 'another secret of at least 32 bytes';

/** A user, a new browser and what it was given to sign. */
async function begun() {
  const app = passkeyApp();
  const { key } = await app.userWithPasskey();
  const browser = new Browser(app.app);
  const challenge = await beginSignIn(browser);
  const answer = (from: Browser, { challengeId, options }: SignInOptionsJson = challenge): Promise<Response> =>
    from.post('/auth/sign-in/passkey', { body: { challengeId, response: key.get(options) } });
  return { ...app, key, browser, challenge, answer };
}

describe('the challenge of a sign-in', () => {
  it('is taken once', async () => {
    const { browser, answer, told } = await begun();
    assert.equal((await answer(browser)).status, 200);
    assertRefused(await answer(browser), 403, 'sign_in_refused');
    assert.deepEqual(told('session.refused'), [{ type: 'session.refused', reason: 'no-challenge' }]);
  });

  it('signs one of 50 parallel requests in', async () => {
    const { app, browser, key, challenge, auth } = await begun();
    const response = key.get(challenge.options);
    const cookie = browser.cookieHeader();
    const before = (await auth.sessions.listForUser('ada')).sessions.length;
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        new Browser(app).post('/auth/sign-in/passkey', {
          body: { challengeId: challenge.challengeId, response },
          headers: { Cookie: cookie },
        }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal((await auth.sessions.listForUser('ada')).sessions.length, before + 1);
  });

  it('is used up by an answer that fails', async () => {
    const { browser, key, challenge, answer } = await begun();
    const wrong = key.get(challenge.options, { tamperSignature: true });
    const body = { challengeId: challenge.challengeId, response: wrong };
    assertRefused(await browser.post('/auth/sign-in/passkey', { body }), 403, 'sign_in_refused');
    assertRefused(await answer(browser), 403, 'sign_in_refused');
  });

  it('expires at its end', async () => {
    const { browser, answer, clock, challenge } = await begun();
    const other = await beginSignIn(browser);
    clock.set(challenge.expiresAt - 1);
    assert.equal((await answer(browser, other)).status, 200);
    clock.set(challenge.expiresAt);
    assertRefused(await answer(browser), 403, 'sign_in_refused');
  });

  it('is no use to another browser, nor to one without the cookie', async () => {
    const { app, browser, answer } = await begun();
    const other = new Browser(app);
    assertRefused(await answer(other), 403, 'sign_in_refused');
    await beginSignIn(other); // it has a cookie of its own then
    assertRefused(await answer(other), 403, 'sign_in_refused');
    assert.equal((await answer(browser)).status, 200);
  });

  it('is no challenge of a step-up, and the other way round', async () => {
    const { userWithPasskey } = await begun();
    const { browser, key } = await userWithPasskey('bea');
    const signIn = await beginSignIn(browser);
    const stepUp = (await browser.post('/auth/step-up/options', { body: { method: 'passkey' } })).body;
    const asSignIn = { challengeId: stepUp.challengeId, response: key.get(stepUp.options) };
    assertRefused(await browser.post('/auth/sign-in/passkey', { body: asSignIn }), 403, 'sign_in_refused');
    const asStepUp = { method: 'passkey', challengeId: signIn.challengeId, response: key.get(signIn.options) };
    assertRefused(await browser.post('/auth/step-up/verify', { body: asStepUp }), 403, 'step_up_failed');
  });

  it('is what the passkey has to sign: the answer to another of the same browser is refused', async () => {
    const { browser, key, challenge } = await begun();
    const other = await beginSignIn(browser);
    const body = { challengeId: challenge.challengeId, response: key.get(other.options) };
    assertRefused(await browser.post('/auth/sign-in/passkey', { body }), 403, 'sign_in_refused');
  });

  it('of an instance with another secret is unknown, and one of the secret before is good while that is listed', async () => {
    const store = memoryStore();
    const before = passkeyApp({ store });
    const { key } = await before.userWithPasskey();
    const both = passkeyApp({ store, secret: [OTHER_SECRET, SECRET], clock: before.clock });
    const after = passkeyApp({ store, secret: OTHER_SECRET, clock: before.clock });
    const browser = new Browser(before.app);
    for (const [instance, status] of [
      [both, 200],
      [after, 403],
    ] as const) {
      const { challengeId, options } = await beginSignIn(browser);
      const there = new Browser(instance.app);
      for (const [name, value] of browser.cookies) there.cookies.set(name, value);
      const body = { challengeId, response: key.get(options) };
      assert.equal((await there.post('/auth/sign-in/passkey', { body })).status, status);
    }
  });

  it('may be anything in the request: it is refused in the same way', async () => {
    const { browser, key, challenge } = await begun();
    const response = key.get(challenge.options);
    for (const challengeId of [undefined, null, 1, '', 'x', {}, [challenge.challengeId], `${challenge.challengeId}A`]) {
      const answer = await browser.post('/auth/sign-in/passkey', { body: { challengeId, response } });
      assertRefused(answer, 403, 'sign_in_refused');
    }
  });
});

/** Why a passkey is refused that signs as it should. */
const CHANGED: Readonly<Record<string, string>> = {
  'with a counter that went back': 'counter-regressed',
  'with another backup eligibility': 'backup-eligibility-changed',
};

describe('a refused sign-in by passkey', () => {
  const variants: Readonly<Record<string, AuthenticationVariant>> = {
    'without a user handle': { userHandle: null },
    'with a handle of nobody': { userHandle: Buffer.alloc(32, 1).toString('base64url') },
    'with another signature': { tamperSignature: true },
    'for another site': { clientData: { origin: 'https://evil.example' } },
    'for another RP': { rpId: 'evil.example' },
    'from a frame of another site': { clientData: { crossOrigin: true } },
    'of a registration': { clientData: { type: 'webauthn.create' } },
    'without the user verified': { userVerified: false },
    'without the user there': { userPresent: false },
    'with a counter that went back': { counter: 0 },
    'with another backup eligibility': { backupEligible: true },
    'by an unknown passkey': { statedId: Buffer.alloc(32, 1).toString('base64url') },
  };
  for (const [which, variant] of Object.entries(variants)) {
    it(`${which} gives the one answer, signs nobody in and leaves the passkey as it was`, async () => {
      const app = passkeyApp();
      const { key, browser } = await app.userWithPasskey();
      if (variant.counter === 0) await signInBy(new Browser(app.app), key);
      const passkeysBefore = (await browser.get('/auth/passkeys')).body;
      const sessions = (await app.auth.sessions.listForUser('ada')).sessions.length;
      const refused = await signInBy(new Browser(app.app), key, { variant });
      assertRefused(refused, 403, 'sign_in_refused');
      assert.equal(refused.body.unknownCredential, variant.statedId === undefined ? undefined : true);
      assert.equal((await app.auth.sessions.listForUser('ada')).sessions.length, sessions);
      assert.deepEqual((await browser.get('/auth/passkeys')).body, passkeysBefore);
      const changed = CHANGED[which];
      const why = changed === undefined ? { reason: 'passkey-refused' } : { reason: changed, userId: 'ada' };
      assert.deepEqual(app.told('session.refused'), [{ type: 'session.refused', ...why }]);
    });
  }

  it('with another user’s handle gives the one answer, too', async () => {
    const app = passkeyApp();
    const [ada, bea] = [await app.userWithPasskey(), await app.userWithPasskey('bea')];
    const { options } = await beginSignIn(bea.browser);
    const { userHandle = null } = bea.key.get(options).response;
    const response = await signInBy(new Browser(app.app), ada.key, { variant: { userHandle } });
    assertRefused(response, 403, 'sign_in_refused');
  });

  it('of any form is refused: what it lacks is no fault of ours', async () => {
    const app = passkeyApp();
    const browser = new Browser(app.app);
    for (const response of [undefined, null, 'x', [], {}, { id: 1 }, { id: 'x', response: {} }]) {
      const { challengeId } = await beginSignIn(browser);
      const answer = await browser.post('/auth/sign-in/passkey', { body: { challengeId, response } });
      assertRefused(answer, 403, 'sign_in_refused');
    }
  });

  it('is of a passkey that was removed', async () => {
    const app = passkeyApp();
    const { key } = await app.userWithPasskey();
    await app.auth.methods.remove('ada', 'passkey');
    const response = await signInBy(new Browser(app.app), key);
    assertRefused(response, 403, 'sign_in_refused');
    assert.equal(response.body.unknownCredential, true);
  });

  it('from another site is refused before all else', async () => {
    const { browser, key, challenge } = await begun();
    const headers = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' };
    assertRefused(await browser.post('/auth/sign-in/passkey/options', { headers }), 403, 'cross_origin');
    const body = { challengeId: challenge.challengeId, response: key.get(challenge.options) };
    assertRefused(await browser.post('/auth/sign-in/passkey', { body, headers }), 403, 'cross_origin');
    assert.equal((await browser.post('/auth/sign-in/passkey', { body })).status, 200);
  });
});

describe('users.find', () => {
  it('is asked once for each sign-in, and its null is the same answer as a failed assertion', async () => {
    const asked: string[] = [];
    const disabled = new Set<string>();
    let missing: null | undefined = null;
    const app = passkeyApp({
      users: {
        find: (id) => {
          asked.push(id);
          return disabled.has(id) ? (missing as null) : { name: id }; // JavaScript can give undefined
        },
      },
    });
    const { key } = await app.userWithPasskey();
    asked.length = 0;
    assert.equal((await signInBy(new Browser(app.app), key)).status, 200);
    assert.deepEqual(asked, ['ada']);
    const sessions = (await app.auth.sessions.listForUser('ada')).sessions.length;

    disabled.add('ada');
    const refused = await signInBy(new Browser(app.app), key);
    const failed = await signInBy(new Browser(app.app), key, { variant: { tamperSignature: true } });
    const stranger = await signInBy(new Browser(app.app), strangersKey());
    for (const response of [refused, failed, stranger]) assertRefused(response, 403, 'sign_in_refused');
    assert.equal(stranger.body.unknownCredential, true);
    const visible = ({ body, headers }: Response): object => ({ body, headers: { ...headers, date: 'now' } });
    assert.deepEqual(visible(refused), visible(failed));
    assert.equal((await app.auth.sessions.listForUser('ada')).sessions.length, sessions);
    assert.deepEqual(app.told('session.refused')[0], {
      type: 'session.refused',
      reason: 'user-disabled',
      userId: 'ada',
    });

    missing = undefined;
    assertRefused(await signInBy(new Browser(app.app), key), 403, 'sign_in_refused'); // as databases answer for nobody

    disabled.clear();
    assert.equal((await signInBy(new Browser(app.app), key)).status, 200);
  });

  for (const [what, find] of [
    ['throws', () => assert.fail('the database is down')],
    ['rejects', () => Promise.reject(new Error('the database is down'))],
    ['gives something else than a user', () => 'ada' as never],
  ] as const) {
    it(`that ${what} signs nobody in, and is told as a failure`, async () => {
      let fails = false;
      const app = passkeyApp({ users: { find: (id) => (fails ? find() : { name: id }) } });
      const { key } = await app.userWithPasskey();
      fails = true;
      const sessions = (await app.auth.sessions.listForUser('ada')).sessions.length;
      assertRefused(await signInBy(new Browser(app.app), key), 500, 'store_unavailable');
      assert.equal((await app.auth.sessions.listForUser('ada')).sessions.length, sessions);
      const [failed] = app.told('dependency.failed');
      assert.equal(failed && 'operation' in failed && failed.operation, 'users.find');
      fails = false;
      assert.equal((await signInBy(new Browser(app.app), key)).status, 200);
    });
  }
});

/** An authenticator with a passkey for this site that the app doesn't know. */
function strangersKey() {
  const key = softwareAuthenticator({ origin: ORIGIN });
  key.create({ challenge: 'AAAA', rp: { id: 'app.example' }, user: { id: 'AAAA' }, pubKeyCredParams: [{ alg: -7 }] });
  return key;
}
