import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { beginSignIn, passkeyApp } from '../http/passkey-app.js';
import { assertRefused } from '../support/answers.js';
import { Browser } from '../support/browser.js';

/** Login CSRF: the attacker answers a challenge with their own passkey and lets the victim's browser send the answer. */
describe('an attacker who wants a visitor to be signed in as the attacker', () => {
  it('can’t have the answer sent from another site, nor use a challenge of the attacker’s own browser', async () => {
    const app = passkeyApp();
    const { key } = await app.userWithPasskey('mallory');
    const [attacker, victim] = [new Browser(app.app), new Browser(app.app)];
    const { challengeId, options } = await beginSignIn(attacker);
    const body = { challengeId, response: key.get(options) };
    const fromElsewhere = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' };
    const asForm = { 'Content-Type': 'text/plain' };

    assertRefused(await victim.post('/auth/sign-in/passkey', { body, headers: fromElsewhere }), 403, 'cross_origin');
    const posted = { body: JSON.stringify(body), headers: asForm };
    assertRefused(await victim.post('/auth/sign-in/passkey', posted), 415, 'unsupported_media_type');
    // Even from a page of the app's own, where the victim has begun a sign-in, too.
    await beginSignIn(victim);
    assertRefused(await victim.post('/auth/sign-in/passkey', { body }), 403, 'sign_in_refused');
    assert.equal((await victim.get('/me')).status, 401);
  });
});

/** The other way round: the attacker begins, and gets the victim to sign the attacker's challenge on the app's pages. */
describe('an attacker who lets the victim answer the attacker’s challenge', () => {
  it('gets a session in no browser but the attacker’s own, and that only with the victim’s signature in hand', async () => {
    const app = passkeyApp();
    const { key, browser: victim } = await app.userWithPasskey('ada');
    const attacker = new Browser(app.app);
    const { challengeId, options } = await beginSignIn(attacker);
    // A page of the attacker's can ask for no signature for this site: the browser states the page's origin.
    const onEvilPage = key.get(options, { clientData: { origin: 'https://evil.example' } });
    const body = { challengeId, response: onEvilPage };
    assertRefused(await attacker.post('/auth/sign-in/passkey', { body }), 403, 'sign_in_refused');
    // The victim's own browser doesn't answer a challenge that it hasn't asked for.
    const begun = await beginSignIn(attacker);
    const relayed = { challengeId: begun.challengeId, response: key.get(begun.options) };
    assertRefused(await victim.post('/auth/sign-in/passkey', { body: relayed }), 403, 'sign_in_refused');
    assert.equal((await attacker.get('/me')).status, 401);
  });
});
