/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { newFolder, type RunningBank, startBank } from './bank.js';
import { launchChromium, skip } from './chromium.js';
import { contrast } from './contrast.js';

const PASSWORD = 'correct horse battery staple';

async function fill(page: Page, form: string, email: string, password: string): Promise<void> {
  const fields = page.getByRole('form', { name: form });
  await fields.getByLabel('E-mail').fill(email);
  await fields.getByLabel('Password').fill(password);
  await fields.getByRole('button').click();
}

/** The sessions on the account page; once one is there, the page's script has done its work. */
const sessions = (page: Page): Locator => page.getByRole('list').getByRole('listitem');

async function signUp(page: Page, email: string): Promise<void> {
  await fill(page, 'Open an account', email, PASSWORD);
  await sessions(page).first().waitFor();
}

async function signIn(page: Page, email: string, password: string = PASSWORD): Promise<void> {
  await fill(page, 'Sign in', email, password);
  await sessions(page).first().waitFor();
}

describe('the pages of the bank in Chromium', { skip }, () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let bank: RunningBank;
  let browser: Browser;
  before(async () => {
    folder = await newFolder();
    bank = await startBank(folder.database);
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await bank?.stop();
    await folder?.remove();
  });

  /** A page in a browser of its own, and what went wrong in it: scripts that throw, the page's policy broken. */
  async function openPage(options: BrowserContextOptions = {}): Promise<{ page: Page; faults: string[] }> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // A refusal of the bank is no fault of the page.
      if (message.type() === 'error' && !message.text().includes('status of 40')) faults.push(message.text());
    });
    await page.goto(bank.origin);
    return { page, faults };
  }

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
    await second.getByRole('status').getByText('You are signed out on this device.').waitFor();
  });

  it('changes the password, which signs the other browser out', async () => {
    const { page: first } = await openPage();
    await signUp(first, 'dave@example.com');
    const { page: second } = await openPage();
    await signIn(second, 'dave@example.com');

    await first.getByLabel('Current password').fill('not the password');
    await first.getByLabel('New password').fill('another long password');
    await first.getByRole('button', { name: 'Change the password' }).click();
    await first.getByRole('alert').getByText('The current password is wrong.').waitFor();
    assert.equal(await first.getByLabel('Current password').getAttribute('aria-invalid'), 'true');

    await first.getByLabel('Current password').fill(PASSWORD);
    await first.getByRole('button', { name: 'Change the password' }).click();
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
      const shots = process.env['SCREENSHOTS'] ?? folder.folder;
      await checkLooks(page);
      await page.screenshot({ path: join(shots, `landing-${colorScheme}.png`), fullPage: true });
      await signUp(page, `${colorScheme}@example.com`);
      await checkLooks(page);
      await page.screenshot({ path: join(shots, `account-${colorScheme}.png`), fullPage: true });
      assert.deepEqual(faults, []);
    });
  }
});

/** Nothing wider than the screen, and every text at a contrast of 4.5 to its ground (WCAG 2.2, 1.4.3). */
async function checkLooks(page: Page): Promise<void> {
  const { width, texts } = await page.evaluate(() => {
    const elements = [...document.querySelectorAll('h1, h2, h3, p, label, button, dt, time, .badge, .ip')];
    return {
      width: document.documentElement.scrollWidth,
      texts: elements.map((element) => {
        const { color } = getComputedStyle(element);
        let ground = '';
        for (let at: Element | null = element; at !== null; at = at.parentElement) {
          ground = getComputedStyle(at).backgroundColor;
          if (ground !== 'rgba(0, 0, 0, 0)') break;
        }
        return { text: element.textContent, color, ground };
      }),
    };
  });
  assert.equal(width, 360);
  const faint = texts.filter(({ color, ground }) => contrast(color, ground) < 4.5);
  assert.deepEqual(faint, []);
}
