import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeIfPresent } from '../support/needs.js';
import { missingChromium } from './chromium.js';
import {
  addAuthenticator,
  addPasskey,
  card,
  dialog,
  notice,
  offerNothing,
  PASSWORD,
  pagesOfTheBank,
  send,
  sessions,
  signIn,
  signUp,
} from './pages.js';

const usePasskey = (page: Page): Promise<void> => dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
const typed = (page: Page): Promise<readonly string[]> =>
  Promise.all(['To', 'Amount'].map((label) => card(page, 'Money').getByLabel(label).inputValue()));

describeIfPresent('a page of the bank in Chromium whose session has gone', missingChromium, () => {
  const { openPage, openTab } = pagesOfTheBank();

  async function open(email: string) {
    const opened = await openPage();
    await addAuthenticator(opened.page);
    await offerNothing(opened.page);
    await signUp(opened.page, email);
    await addPasskey(opened.page, 'My laptop');
    return opened;
  }

  /** Ends the session of the page in another browser, as its dialog is open; gives the page with the form to sign in. */
  async function endInDialog(page: Page, email: string): Promise<void> {
    await send(page, 'the baker', '12.50');
    await dialog(page).waitFor();
    const { page: other } = await openPage();
    await signIn(other, email);
    await other.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await notice(other, 'You are signed out everywhere else.');
    await usePasskey(page);
    await notice(page, /^You are signed out on this device: by you, from another device, or/);
  }

  it('in the dialog leads to the sign-in with a reason, and back to what was typed, which was not sent', async () => {
    const { page, faults } = await open('gone-ada@example.com');
    await endInDialog(page, 'gone-ada@example.com');
    await signIn(page, 'gone-ada@example.com');
    await notice(page, 'What you had typed is in the form again.');
    assert.deepEqual(await typed(page), ['the baker', '12.50']);
    await card(page, 'Money').getByText('€10,000.00').waitFor();
    await page.getByRole('button', { name: 'Send the money' }).click();
    await usePasskey(page);
    await notice(page, '€12.50 went to the baker.');
    await page.reload();
    await card(page, 'Money').getByText('€9,987.50').waitFor();
    assert.deepEqual(await typed(page), ['', '']);
    assert.deepEqual(faults, []);
  });

  it('shows nobody else what was typed', async () => {
    const { page } = await open('gone-bob@example.com');
    await endInDialog(page, 'gone-bob@example.com');
    await signUp(page, 'gone-eve@example.com');
    assert.deepEqual(await typed(page), ['', '']);
    assert.deepEqual(await page.evaluate('Object.keys(sessionStorage)'), []);
  });

  it('leads back to the approvals where it was they that were open', async () => {
    const { page } = await open('gone-cid@example.com');
    await page.getByRole('link', { name: 'Approvals', exact: true }).click();
    await page.getByRole('heading', { name: 'Waiting for your approval' }).waitFor();
    const { page: other } = await openPage();
    await signIn(other, 'gone-cid@example.com');
    await other.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await notice(other, 'You are signed out everywhere else.');
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"); // as if the tab was come back to
    await notice(page, /^You are signed out on this device/);
    await page.getByRole('form', { name: 'Sign in' }).getByLabel('E-mail').fill('gone-cid@example.com');
    await page.getByRole('form', { name: 'Sign in' }).getByLabel('Password').fill(PASSWORD);
    await page.getByRole('form', { name: 'Sign in' }).getByRole('button').click();
    await page.getByRole('heading', { name: 'Waiting for your approval' }).waitFor();
  });

  for (const when of ['before it asks', 'while it asks'] as const) {
    it(`shows the account that another tab has signed in to ${when}, and approves nothing there`, async () => {
      const name = when.replaceAll(' ', '-');
      const { page: eves } = await openPage();
      await signUp(eves, `eve-${name}@example.com`);
      const { page } = await open(`ada-${name}@example.com`);
      const { page: tab } = await openTab(page);
      const answers: string[] = [];
      page.on('response', (response) => {
        const { pathname } = new URL(response.url());
        answers.push(`${response.request().method()} ${pathname} ${response.status()}`);
      });
      if (when === 'while it asks') {
        await send(page, 'the baker', '900');
        await dialog(page).waitFor();
      }
      // A page without scripts: nothing tells the other tab.
      await tab.goto(`${new URL(page.url()).origin}/plain`);
      await tab.getByRole('button', { name: 'Sign out' }).click();
      await tab.getByLabel('E-mail').fill(`eve-${name}@example.com`);
      await tab.getByLabel('Password').fill(PASSWORD);
      await tab.getByRole('button', { name: 'Sign in' }).click();
      await tab.getByText(`eve-${name}@example.com`).waitFor();

      if (when === 'while it asks') await usePasskey(page);
      else await send(page, 'the baker', '900');
      await notice(page, 'There was a new sign-in in this browser.');
      await page.getByText(`eve-${name}@example.com customer`).waitFor();
      await card(page, 'Money').getByText('€10,000.00').waitFor();
      await card(page, 'Latest transfers').getByText('Nothing was sent or received yet.').waitFor();
      assert.equal(await page.getByText(`ada-${name}@example.com`).count(), 0);
      assert.deepEqual(await typed(page), ['', '']);
      assert.equal(await dialog(page).count(), 0);
      const refused = when === 'while it asks' ? 'POST /auth/step-up/verify 409' : 'POST /transfers 409';
      assert.ok(answers.includes(refused), answers.join('\n'));
      assert.equal(answers.filter((line) => /verify 200|transfers 200/.test(line.replace(/^GET.*/, ''))).length, 0);

      const { page: adas } = await openPage();
      await signIn(adas, `ada-${name}@example.com`);
      await card(adas, 'Money').getByText('€10,000.00').waitFor();
    });
  }

  it('shows the account of a new sign-in as soon as another tab with scripts has it', async () => {
    const { page, faults } = await open('gone-dan@example.com');
    const { page: tab } = await openTab(page);
    await sessions(tab).first().waitFor();
    await tab.getByRole('button', { name: 'Sign out', exact: true }).click();
    await notice(page, /^You are signed out on this device/);
    await signUp(tab, 'gone-eli@example.com');
    await page.getByText('gone-eli@example.com customer').waitFor();
    assert.deepEqual(faults, []);
  });
});
