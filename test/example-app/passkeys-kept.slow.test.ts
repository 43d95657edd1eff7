import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { describeIfPresent } from '../support/needs.js';
import { missingChromium } from './chromium.js';
import { addAuthenticator, addPasskey, card, dialog, notice, pagesOfTheBank, sessions, signUp } from './pages.js';

const FOUR_MINUTES = 4 * 60_000;

describeIfPresent('passkeys that Chromium keeps for the bank', missingChromium, () => {
  const { openPage, advance } = pagesOfTheBank();

  it('are offered in the form, and sign in when the page has been open for 20 minutes', async () => {
    const { page, faults } = await openPage();
    const authenticator = await addAuthenticator(page);
    await signUp(page, 'kept-ada@example.com');
    await addPasskey(page, 'My laptop');
    await authenticator.touch(false);
    await page.clock.install();
    const options = '**/sign-in/passkey/options';
    const first = page.waitForResponse(options);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await first;
    for (let minute = 0; minute < 20; minute += 4) {
      const renewed = page.waitForResponse(options);
      await advance(FOUR_MINUTES);
      await page.clock.runFor(FOUR_MINUTES);
      assert.equal((await renewed).status(), 200);
    }
    await authenticator.touch(true);
    await page.clock.runFor(FOUR_MINUTES); // the user takes the offer at the next one, at the latest
    await sessions(page).first().waitFor();
    await page.getByText('kept-ada@example.com').waitFor();
    assert.deepEqual(faults, []);
  });

  it('disappear from the authenticator when the customer removes them', async () => {
    const { page, faults } = await openPage();
    const authenticator = await addAuthenticator(page);
    await signUp(page, 'kept-eve@example.com');
    await addPasskey(page, 'My laptop');
    assert.equal(await authenticator.count(), 1);
    await card(page, 'Passkeys').getByRole('button', { name: 'Remove My laptop' }).click();
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await notice(page, 'My laptop is removed here.');
    for (let look = 0; look < 100 && (await authenticator.count()) > 0; look += 1); // a browser forgets in its own time
    assert.equal(await authenticator.count(), 0);
    assert.deepEqual(faults, []);
  });
});
