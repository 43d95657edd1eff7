/// <reference lib="dom" />
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Locator, Page } from 'playwright-core';
import { cleanUp } from '../support/clean-up.js';
import { totpCode } from '../support/totp.js';
import { MOVABLE_CLOCK, newFolder, type RunningBank, startBank } from './bank.js';
import { launchChromium } from './chromium.js';

export const PASSWORD = 'correct horse battery staple';

export interface OpenPage {
  readonly page: Page;
  readonly faults: string[];
}

export interface Pages {
  /**
   * A page in a browser of its own, until the test has ended, and what went wrong in it: scripts that throw, the page's
   * policy broken.
   */
  openPage(options?: BrowserContextOptions): Promise<OpenPage>;
  /** One more tab of the browser that has this page. */
  openTab(page: Page): Promise<OpenPage>;
  /** Moves the bank's clock ahead, in milliseconds; the browser's stays as it is. */
  advance(by: number): Promise<void>;
  /** What its clock says, in epoch milliseconds. */
  now(): number;
  /** All that the bank has written. */
  log(): string;
  /** Kept where `SCREENSHOTS` says, if it does. */
  takeScreenshot(page: Page, name: string, options?: { fullPage: boolean }): Promise<void>;
}

/** A bank and a browser, for the tests of the suite that calls this. */
export function pagesOfTheBank(): Pages {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  let bank: RunningBank;
  let browser: Browser;
  beforeAll(async () => {
    folder = await newFolder();
    bank = await startBank(folder.database, MOVABLE_CLOCK);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await bank?.stop();
    await folder?.remove();
  });

  async function openIn(context: BrowserContext): Promise<OpenPage> {
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const faults: string[] = [];
    page.on('dialog', (question) => void question.accept()); // "Remove it?"
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // A refusal of the bank is no fault of the page.
      if (message.type() === 'error' && !/status of (?:40|429)/.test(message.text())) faults.push(message.text());
    });
    await page.goto(bank.origin);
    return { page, faults };
  }
  let ahead = 0;

  return {
    async openPage(options = {}) {
      const context = await browser.newContext(options);
      cleanUp(() => context.close()); // its pages would go on asking and painting beside the next test's
      return openIn(context);
    },
    openTab: (page) => openIn(page.context()),
    async advance(by) {
      ahead += by;
      await bank.advance(by);
    },
    now: () => Date.now() + ahead,
    log: () => bank.log(),
    async takeScreenshot(page, name, { fullPage } = { fullPage: true }) {
      const path = join(process.env['SCREENSHOTS'] ?? folder.folder, `${name}.png`);
      await page.screenshot({ path, fullPage });
    },
  };
}

/** The sessions on the account page; once one is there, the page's script has done its work. */
export const sessions = (page: Page): Locator =>
  page.getByRole('region', { name: 'Where you are signed in' }).getByRole('listitem');

export async function fill(page: Page, form: string, email: string, password: string): Promise<void> {
  const fields = page.getByRole('form', { name: form });
  await fields.getByLabel('E-mail').fill(email);
  await fields.getByLabel('Password').fill(password);
  await fields.getByRole('button').click();
}

export async function signUp(page: Page, email: string): Promise<void> {
  await fill(page, 'Open an account', email, PASSWORD);
  await sessions(page).first().waitFor();
}

export async function signIn(page: Page, email: string, password: string = PASSWORD): Promise<void> {
  await fill(page, 'Sign in', email, password);
  await sessions(page).first().waitFor();
}

export interface VirtualAuthenticator {
  /** Whether it recognises its user from now on. */
  recognise(isUser: boolean): Promise<void>;
  /** Whether its user touches it from now on. */
  touch(isThere: boolean): Promise<void>;
  /** How many passkeys it has. */
  count(): Promise<number>;
}

/** Gives the page an authenticator that Chromium plays, with a user who is always there. */
export async function addAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const cdp: CDPSession = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    async recognise(isUserVerified) {
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    async touch(enabled) {
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    async count() {
      const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
      return credentials.length;
    },
  };
}

/** From the next page on the browser offers no passkeys in forms. */
export async function offerNothing(page: Page): Promise<void> {
  await page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false);
  });
}

export const card = (page: Page, name: string): Locator => page.getByRole('region', { name });
export const notice = (page: Page, text: string | RegExp): Promise<void> =>
  page.getByRole('status').getByText(text).waitFor();

export async function addPasskey(page: Page, name: string): Promise<void> {
  const passkeys = card(page, 'Passkeys');
  await passkeys.getByLabel('Name of the new passkey').fill(name);
  await passkeys.getByRole('button', { name: 'Add a passkey' }).click();
  await notice(page, 'Your passkey is added.');
}

/** Types the code of the app that is being set up; gives its secret. `now`: by the bank's clock. */
export async function confirmTotp(page: Page, now: number = Date.now()): Promise<string> {
  const app = card(page, 'Authenticator app');
  const secret = ((await app.getByText(/^([A-Z2-7]{4} ?)+$/).textContent()) ?? '').replaceAll(' ', '');
  await app.getByLabel('Six digits').fill(totpCode(secret, now));
  await app.getByRole('button', { name: 'Confirm' }).click();
  await notice(page, 'Your authenticator app is set up.');
  return secret;
}

export async function send(page: Page, to: string, amount: string): Promise<void> {
  const money = card(page, 'Money');
  await money.getByLabel('To').fill(to);
  await money.getByLabel('Amount').fill(amount);
  await money.getByRole('button', { name: 'Send the money' }).click();
}

export const dialog = (page: Page): Locator => page.getByRole('dialog');
