import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeIfPresent } from '../support/needs.js';
import { totpCode } from '../support/totp.js';
import { missingChromium } from './chromium.js';
import { card, confirmTotp, dialog, fill, notice, PASSWORD, pagesOfTheBank, sessions, signUp } from './pages.js';

const CODE = 'Code of your authenticator app';

const close = (page: Page): Promise<void> => page.getByRole('button', { name: 'Close the account' }).click();

async function give(page: Page, field: string, text: string): Promise<void> {
  await dialog(page).getByLabel(field, { exact: true }).fill(text);
  await dialog(page).getByRole('button', { name: 'Confirm' }).click();
}

describeIfPresent('a rule of the bank that wants two proofs, in Chromium', missingChromium, () => {
  const { openPage, advance, now } = pagesOfTheBank();

  /** A page of a customer with an app for codes, ten minutes after the sign-in; and a code that was never used. */
  async function open(email: string) {
    const { page, faults } = await openPage();
    const sent: string[] = [];
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      sent.push(`${response.request().method()} ${pathname} ${response.status()}`);
    });
    await signUp(page, email);
    await card(page, 'Authenticator app').getByRole('button', { name: 'Set up an app' }).click();
    const secret = await confirmTotp(page, now());
    await advance(10 * 60_000);
    sent.length = 0;
    return { page, faults, sent, code: () => totpCode(secret, now()) };
  }

  it('asks for a password and then for a code, in one dialog, and closes the account', async () => {
    const email = 'two-ada@example.com';
    const { page, faults, sent, code } = await open(email);
    await close(page);
    await give(page, 'Password', 'not the password');
    await dialog(page).getByRole('alert').getByText('This password is wrong.').waitFor();
    await give(page, 'Password', PASSWORD);
    await dialog(page).getByText('Right. One more thing:').waitFor();
    assert.equal(await dialog(page).getByLabel('Password', { exact: true }).isVisible(), false);
    await give(page, CODE, code());
    await notice(page, 'Your account is closed.');
    assert.deepEqual(
      sent.filter((line) => /account|verify/.test(line) && !line.startsWith('GET')),
      [
        'DELETE /account 401',
        'POST /auth/step-up/verify 403',
        'POST /auth/step-up/verify 200',
        'POST /auth/step-up/verify 200',
        'DELETE /account 204',
      ],
    );
    const cookies = await page.context().cookies();
    assert.deepEqual(
      cookies.filter(({ name }) => name.startsWith('session')),
      [],
    );
    await fill(page, 'Sign in', email, PASSWORD);
    await page.getByRole('alert').getByText('The e-mail address or the password is wrong.').waitFor();
    assert.deepEqual(faults, []);
  });

  it('closes nothing for one proof of the two', async () => {
    const { page, sent } = await open('two-bob@example.com');
    await close(page);
    await give(page, 'Password', PASSWORD);
    await dialog(page).getByText('Right. One more thing:').waitFor();
    await page.keyboard.press('Escape');
    await notice(page, 'so nothing was done');
    assert.equal(sent.filter((line) => line.startsWith('DELETE /account')).length, 1);

    // The first one is still fresh: only the other is asked for.
    await close(page);
    await dialog(page).getByLabel(CODE).waitFor();
    assert.equal(await dialog(page).getByLabel('Password', { exact: true }).isVisible(), false);
    await page.keyboard.press('Escape');
    await page.reload();
    await sessions(page).first().waitFor();
  });

  it('says what to set up where there is a password only', async () => {
    const { page } = await openPage();
    await signUp(page, 'two-cid@example.com');
    await close(page);
    await notice(page, 'Set up a passkey or an authenticator app first.');
    assert.equal(await dialog(page).count(), 0);
  });
});
