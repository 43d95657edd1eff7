import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { type Authenticator, addAuthenticator, signIn, type Visitor, visitors } from './page.js';
import { type Site, startSite } from './site.js';

describeIfPresent('passkeys of the client in the browser', missingChromium, () => {
  const visitor = visitors();

  /** Somebody with a passkey, on a page whose clock stands still between the test's own steps. */
  async function open(): Promise<Visitor & { site: Site; page: Page; authenticator: Authenticator; id: string }> {
    const site = await startSite();
    const visit = await visitor();
    const page = await visit.open(site);
    const authenticator = await addAuthenticator(page);
    await signIn(page);
    const { id } = await page.evaluate(() => client.passkeys.add({ label: 'a key' }));
    site.clock.advance('1m');
    return { ...visit, site, page, authenticator, id };
  }

  const credentialsOf = async ({ cdp, id: authenticatorId }: Authenticator): Promise<readonly string[]> => {
    const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
    return credentials.map(({ credentialId }) => Buffer.from(credentialId, 'base64').toString('base64url'));
  };

  it('are offered in the form, and good when the page has been open for 20 minutes', async () => {
    const { site, page, authenticator } = await open();
    await page.evaluate(() => client.signOut());
    await authenticator.cdp.send('WebAuthn.setAutomaticPresenceSimulation', {
      authenticatorId: authenticator.id,
      enabled: false,
    });
    await page.clock.install();
    await page.reload();
    await page.waitForFunction(() => 'client' in globalThis);
    const begun = () => site.answered.filter((line) => line === 'POST /auth/sign-in/passkey/options 200').length;
    const first = page.waitForResponse('**/sign-in/passkey/options');
    const offered = page.evaluate(() => client.signInWithPasskey({ autofill: true }));
    await first;
    for (let minute = 0; minute < 20; minute += 4) {
      const renewed = page.waitForResponse('**/sign-in/passkey/options');
      site.clock.advance('4m');
      await page.clock.runFor(4 * 60_000);
      await renewed;
    }
    assert.equal(begun(), 6);
    await authenticator.cdp.send('WebAuthn.setAutomaticPresenceSimulation', {
      authenticatorId: authenticator.id,
      enabled: true,
    });
    // The user takes the offer at the next one, at the latest.
    await page.clock.runFor(4 * 60_000);
    const { session_id: sessionId } = (await offered) ?? {};
    const known = await page.evaluate(() => client.load());
    assert.equal(known?.session.id, sessionId);
    assert.deepEqual(
      known?.proofs.map(({ method }) => method),
      ['passkey'],
    );
  });

  it('step aside in the form for the dialog of the browser, and are offered again', async () => {
    const { site, page, authenticator } = await open();
    await page.evaluate(() => client.signOut());
    await authenticator.cdp.send('WebAuthn.setAutomaticPresenceSimulation', {
      authenticatorId: authenticator.id,
      enabled: false,
    });
    await page.evaluate(() => {
      const controller = new AbortController();
      const offer = client.signInWithPasskey({ autofill: true, signal: controller.signal });
      Object.assign(globalThis, { controller, offer });
    });
    await page.waitForResponse('**/sign-in/passkey/options');
    const code = page.evaluate(() =>
      client.signInWithPasskey({ signal: AbortSignal.timeout(500) }).then(
        () => 'signed in',
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    assert.equal(await code, 'cancelled');
    // The offer, the dialog, and the offer again.
    const begun = () => site.answered.filter((line) => line === 'POST /auth/sign-in/passkey/options 200').length;
    for (let look = 0; look < 500 && begun() < 3; look += 1) await page.evaluate(() => null);
    assert.equal(begun(), 3);
    assert.equal(await page.evaluate('controller.abort(); offer'), null);
  });

  it('disappear from the authenticator when they are removed', async () => {
    const { page, authenticator, id } = await open();
    assert.deepEqual(await credentialsOf(authenticator), [id]);
    await page.evaluate(async (credential) => {
      globalThis.user = async ({ prove }) =>
        (await prove('passkey')).outcome === 'verified' ? 'confirmed' : 'cancelled';
      await client.passkeys.remove(credential);
    }, id);
    assert.deepEqual(await page.evaluate(() => client.passkeys.list()), []);
    await gone(authenticator);
  });

  it('disappear from the authenticator when the server does not know them any more', async () => {
    const { site, page, authenticator } = await open();
    await site.auth.methods.remove('ada', 'passkey');
    await page.evaluate(() => client.signOut());
    const code = await page.evaluate(() =>
      client.signInWithPasskey().then(
        () => 'signed in',
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    assert.equal(code, 'sign_in_refused');
    await gone(authenticator);
  });

  /** A browser forgets in its own time. */
  async function gone(authenticator: Authenticator): Promise<void> {
    for (let look = 0; look < 100; look += 1) {
      if ((await credentialsOf(authenticator)).length === 0) return;
    }
    assert.fail('The authenticator still has the passkey.');
  }
});
