import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeIfPresent } from '../support/needs.js';
import { missingChromium } from './chromium.js';
import { addAuthenticator, addPasskey, card, dialog, notice, pagesOfTheBank, send, signUp } from './pages.js';

/** Presses all of them before anything is answered, hidden ones too. */
async function pressAll(page: Page, ...selectors: readonly string[]): Promise<void> {
  const pressed = await page.evaluate((all) => {
    const buttons = all.map((selector) => document.querySelector<HTMLButtonElement>(selector));
    for (const button of buttons) button?.click();
    return buttons.filter((button) => button !== null).length;
  }, selectors);
  assert.equal(pressed, selectors.length);
}

describeIfPresent('presses at once on the page of the bank in Chromium', missingChromium, () => {
  const { openPage } = pagesOfTheBank();

  async function open(email: string) {
    const { page, faults } = await openPage();
    await page.addInitScript(() => {
      const get = navigator.credentials.get.bind(navigator.credentials);
      Object.assign(globalThis, { ceremonies: 0 });
      navigator.credentials.get = (options) => {
        if (options?.mediation !== 'conditional') Object.assign(globalThis, { ceremonies: ceremonies + 1 });
        return get(options);
      };
    });
    await addAuthenticator(page);
    await signUp(page, email);
    await addPasskey(page, 'My laptop');
    const answers: string[] = [];
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (response.request().method() !== 'GET')
        answers.push(`${response.request().method()} ${pathname} ${response.status()}`);
    });
    return { page, faults, answers };
  }

  it('open one dialog and run one ceremony where five of them want the same proof', async () => {
    const { page, faults, answers } = await open('once-ada@example.com');
    await page.getByLabel('Your role').selectOption('Teller');
    await page.locator('#passkeys [name=label]').evaluate((field: HTMLInputElement) => {
      field.value = 'Watch';
    });
    await pressAll(page, '#role button', '#key-make', '#totp-begin', '#codes-make', '#passkeys form button');
    await dialog(page).getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    assert.equal(await dialog(page).count(), 1);
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();

    await page.getByText('once-ada@example.com teller').waitFor();
    await card(page, 'A key for programs')
      .getByText(/^bank_/)
      .waitFor();
    await card(page, 'Authenticator app').getByRole('link', { name: 'open the app' }).waitFor();
    await card(page, 'Recovery codes').getByRole('listitem').nth(9).waitFor();
    await card(page, 'Passkeys').getByRole('heading', { name: 'Watch' }).waitFor();
    assert.equal(answers.filter((line) => line.endsWith(' 401')).length, 5, answers.join('\n'));
    assert.equal(answers.filter((line) => line.includes('/step-up/verify')).length, 1);
    assert.equal(await page.evaluate(() => ceremonies), 1);
    assert.equal(await dialog(page).count(), 0);
    assert.deepEqual(faults, []);
  });

  it('open a dialog of its own for each of two transfers, one after the other', async () => {
    const { page, faults, answers } = await open('once-bob@example.com');
    await send(page, 'the baker', '5');
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await notice(page, '€5.00 went to the baker.');
    answers.length = 0;
    await card(page, 'Money').getByLabel('To').fill('the butcher');
    await card(page, 'Money').getByLabel('Amount').fill('7');
    await pressAll(page, '#transfer [type=submit]', '#send-again');

    const seen: string[] = [];
    for (const booked of [1, 2]) {
      const summary = dialog(page).getByText(/^Send €[57]\.00 to the (?:baker|butcher), who has no account/);
      await summary.filter({ hasNotText: seen[0] ?? 'nothing yet' }).waitFor();
      seen.push((await summary.textContent()) ?? '');
      assert.equal(await dialog(page).count(), 1);
      const again = dialog(page).getByRole('button', { name: 'Do it again' });
      if (await again.isVisible()) await again.click();
      const done = page.waitForResponse((response) => response.url().endsWith('/transfers') && response.ok());
      await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
      await done;
      assert.equal(answers.filter((line) => line === 'POST /transfers 200').length, booked);
    }
    await card(page, 'Money').getByText('€9,983.00').waitFor();
    await card(page, 'Latest transfers').getByRole('listitem').nth(2).waitFor();
    assert.equal(answers.filter((line) => line.includes('/step-up/verify 200')).length, 2);
    assert.equal(await page.evaluate(() => ceremonies), 3);
    assert.deepEqual(faults, []);
  });
});

declare global {
  /** How often the page has asked for a passkey. */
  var ceremonies: number;
}
