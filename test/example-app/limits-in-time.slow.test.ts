import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeIfPresent } from '../support/needs.js';
import { totpCode, wrongCode } from '../support/totp.js';
import { missingChromium } from './chromium.js';
import {
  addAuthenticator,
  addPasskey,
  card,
  confirmTotp,
  dialog,
  notice,
  pagesOfTheBank,
  send,
  signUp,
} from './pages.js';

const press = (page: Page, name: string): Promise<void> =>
  dialog(page).getByRole('button', { name, exact: true }).click();

async function giveCode(page: Page, code: string): Promise<void> {
  await dialog(page).getByLabel('Code of your authenticator app').fill(code);
  await press(page, 'Confirm');
}

describeIfPresent('the dialog of the bank in Chromium, as time goes by', missingChromium, () => {
  const { openPage, advance, now } = pagesOfTheBank();

  async function open(email: string): Promise<{ page: Page; faults: string[] }> {
    const opened = await openPage();
    await addAuthenticator(opened.page);
    await signUp(opened.page, email);
    await addPasskey(opened.page, 'My laptop');
    return opened;
  }

  it('counts the lock of one method down, takes another meanwhile, and that one again when it has expired', async () => {
    const { page, faults } = await open('time-ada@example.com');
    await card(page, 'Authenticator app').getByRole('button', { name: 'Set up an app' }).click();
    await press(page, 'Use a passkey');
    const secret = await confirmTotp(page, now());
    await advance(60_000); // a code is good once
    await send(page, 'the baker', '5');
    await press(page, 'Use a code of your app');
    for (const left of ['4 attempts are', '3 attempts are', '2 attempts are', 'One attempt is', '0 attempts are']) {
      await giveCode(page, wrongCode(secret, now()));
      await dialog(page).getByText(`${left} left.`).waitFor();
    }
    await giveCode(page, totpCode(secret, now())); // right, and too late
    await dialog(page).getByText('Too many wrong answers.').waitFor();
    const countdown = dialog(page).getByText(/^You can try again in 1[45]:\d\d\.$/);
    const first = (await countdown.textContent()) ?? '';
    await countdown.filter({ hasNotText: first }).waitFor();
    await press(page, 'Use a passkey');
    await press(page, 'Use a passkey');
    await notice(page, '€5.00 went to the baker.');

    await advance(15 * 60_000);
    await send(page, 'the baker', '6');
    await press(page, 'Use a code of your app');
    await giveCode(page, totpCode(secret, now()).replace(/(...)/, '$1 '));
    await notice(page, '€6.00 went to the baker.');
    await card(page, 'Money').getByText('€9,989.00').waitFor();
    assert.deepEqual(faults, []);
  });

  it('asks once more for a transfer whose time had expired, and sends it once', async () => {
    const { page, faults } = await open('time-bob@example.com');
    await send(page, 'the baker', '7');
    await dialog(page).getByText('Send €7.00 to the baker').waitFor();
    await advance(6 * 60_000);
    await press(page, 'Use a passkey');
    await dialog(page).getByText('The time was over. Please confirm once more.').waitFor();
    await dialog(page).getByText('Send €7.00 to the baker').waitFor();
    await card(page, 'Money').getByText('€10,000.00').waitFor();
    await press(page, 'Use a passkey');
    await notice(page, '€7.00 went to the baker.');
    await card(page, 'Money').getByText('€9,993.00').waitFor();
    assert.deepEqual(faults, []);
  });

  it('asks once more where the challenge was given up in another tab', async () => {
    const { page, faults } = await open('time-cid@example.com');
    const refused = page.waitForResponse((response) => response.url().endsWith('/transfers') && !response.ok());
    await send(page, 'the baker', '8');
    const { challenge } = await (await refused).json();
    const { origin } = new URL(page.url());
    const givenUp = await page.request.delete(`${origin}/auth/step-up/challenges/${challenge.id}`, {
      headers: { Origin: origin },
    });
    assert.equal(givenUp.status(), 204);
    await press(page, 'Use a passkey');
    await dialog(page).getByText('The time was over. Please confirm once more.').waitFor();
    await press(page, 'Use a passkey');
    await notice(page, '€8.00 went to the baker.');
    await card(page, 'Money').getByText('€9,992.00').waitFor();
    assert.deepEqual(faults, []);
  });
});
