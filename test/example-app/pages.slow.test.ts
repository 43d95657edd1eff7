import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { describeIfPresent } from '../support/needs.js';
import { missingChromium } from './chromium.js';
import { checkLooks } from './looks.js';
import { fill, PASSWORD, pagesOfTheBank, sessions, signIn, signUp } from './pages.js';

describeIfPresent('the pages of the bank in Chromium', missingChromium, () => {
  const { openPage, takeScreenshot } = pagesOfTheBank();

  it('signs up by the form and shows this device as the only session', async () => {
    const { page, faults } = await openPage();
    await signUp(page, 'ada@example.com');
    await page.getByText('ada@example.com').waitFor();
    assert.equal(await sessions(page).count(), 1);
    const session = sessions(page);
    await session.getByRole('heading', { name: /^Chrom\w+ on Linux This device$/ }).waitFor();
    await session.getByText('just now').waitFor();
    await session.getByText(/^127\.0\.0\.1$|^::1$/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Sign out everywhere else' }).isVisible(), false);
    assert.deepEqual(faults, []);
  });

  it('revokes a second browser from the first, and the second is out', async () => {
    const { page: first, faults } = await openPage();
    await signUp(first, 'bob@example.com');
    const { page: second } = await openPage({
      userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1',
    });
    await signIn(second, 'bob@example.com');

    await first.reload();
    await first.getByRole('button', { name: 'Revoke Safari on iOS' }).click();
    await first.getByRole('status').getByText('Safari on iOS is signed out.').waitFor();
    assert.equal(await sessions(first).count(), 1);
    assert.equal(await sessions(first).getByText('This device').isVisible(), true);

    await second.reload();
    await second.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.deepEqual(faults, []);
  });

  it('leads a page whose session was ended to the sign-in form at its next call', async () => {
    const { page: first } = await openPage();
    await signUp(first, 'carol@example.com');
    const { page: second } = await openPage();
    await signIn(second, 'carol@example.com');
    await first.reload();
    await first.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await first.getByText('You are signed out everywhere else.').waitFor();

    await second.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await second
      .getByRole('status')
      .getByText(/^You are signed out on this device:/)
      .waitFor();
  });

  it('changes the password, which signs the other browser out', async () => {
    const { page: first } = await openPage();
    await signUp(first, 'dave@example.com');
    const { page: second } = await openPage();
    await signIn(second, 'dave@example.com');

    await first.evaluate("fetch('/auth/step-up', { method: 'DELETE' })"); // as if the sign-up were five minutes ago
    await first.getByLabel('New password').fill('another long password');
    await first.getByRole('button', { name: 'Change the password' }).click();
    const dialog = first.getByRole('dialog');
    await dialog.getByLabel('Password').fill('not the password');
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await dialog.getByRole('alert').getByText('This password is wrong.').waitFor();
    await dialog.getByLabel('Password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await first.getByRole('status').getByText('Your password is changed').waitFor();
    assert.equal(await sessions(first).count(), 1);

    await second.reload();
    await second.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(second, 'dave@example.com', 'another long password');
  });

  it('says in words what is wrong with a sign-in, and signs out', async () => {
    const { page } = await openPage();
    await signUp(page, 'erin@example.com');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await fill(page, 'Sign in', 'erin@example.com', 'not the password');
    await page.getByRole('alert').getByText('The e-mail address or the password is wrong.').waitFor();
    await fill(page, 'Open an account', 'erin@example.com', PASSWORD);
    await page.getByRole('alert').getByText('has an account already').waitFor();
    await page.context().setOffline(true);
    await page.getByRole('form', { name: 'Sign in' }).getByRole('button').click();
    await page.getByRole('alert').getByText("The bank can't be reached.").waitFor();
  });

  it('leads to the page without JavaScript where its script is blocked', async () => {
    const { page } = await openPage();
    await signUp(page, 'blocked@example.com');
    const link = page.getByRole('link', { name: 'page without JavaScript' });
    assert.equal(await link.count(), 0);
    await page.route('**/account.js', (route) => route.abort());
    await page.reload();
    await link.click();
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/plain');
  });

  it('works by the keyboard alone', async () => {
    const { page, faults } = await openPage();
    const focused = () => page.evaluate('document.activeElement.id || document.activeElement.textContent.trim()');
    const reach = async (what: string): Promise<void> => {
      for (let i = 0; i < 30 && (await focused()) !== what; i++) await page.keyboard.press('Tab');
      assert.equal(await focused(), what);
    };
    await reach('sign-up-email');
    await page.keyboard.type('frank@example.com');
    await reach('sign-up-password');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your account' }).waitFor();

    const { page: second } = await openPage({ userAgent: 'Teapot/1.0' });
    await signIn(second, 'frank@example.com');
    await page.reload();
    await page.getByRole('button', { name: 'Revoke Teapot' }).waitFor();
    await reach('Revoke Teapot');
    await page.keyboard.press('Space');
    await page.getByText('Teapot is signed out.').waitFor();
    assert.equal(await focused(), 'sessions-title'); // the focus isn't lost with the button
    await page.keyboard.press('Shift+Tab');
    await reach('sign-out');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.deepEqual(faults, []);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`fits a screen of 360 pixels in ${colorScheme} colours that can be read`, async () => {
      const { page, faults } = await openPage({ colorScheme, viewport: { width: 360, height: 740 } });
      await checkLooks(page);
      await takeScreenshot(page, `landing-${colorScheme}`);
      await signUp(page, `${colorScheme}@example.com`);
      await checkLooks(page);
      await takeScreenshot(page, `account-${colorScheme}`);
      assert.deepEqual(faults, []);
    });
  }
});
