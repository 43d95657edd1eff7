import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { accessFaults } from '../browser/dialog/page.js';
import { describeIfPresent } from '../support/needs.js';
import { missingChromium } from './chromium.js';
import { checkLooks } from './looks.js';
import { addAuthenticator, addPasskey, card, dialog, notice, PASSWORD, pagesOfTheBank, send, signUp } from './pages.js';

const SMALL: BrowserContextOptions = { viewport: { width: 360, height: 740 } };

const LOOKS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { ...SMALL, colorScheme: 'light', reducedMotion: 'reduce' },
  dark: { ...SMALL, colorScheme: 'dark' },
  'forced colours': { ...SMALL, forcedColors: 'active' },
};

/** Where the pictures of the docs are written, if they are: `npm run screenshots`. */
const pictures = process.env['SCREENSHOTS'];

describeIfPresent('the looks of the bank in Chromium', missingChromium, () => {
  const { openPage } = pagesOfTheBank();

  for (const [look, options] of Object.entries(LOOKS)) {
    it(`hold in its main states, on a small screen in ${look}`, async () => {
      const { page, faults } = await openPage(options);
      const seen: string[] = [];
      const check = async (name: string, at: Page = page): Promise<void> => {
        seen.push(name);
        if (pictures !== undefined && look === 'light')
          await at.screenshot({ path: join(pictures, `bank-${name}.png`) });
        assert.deepEqual({ name, faults: await accessFaults(at) }, { name, faults: [] });
        if (look !== 'forced colours') await checkLooks(at);
      };
      const email = `looks-${look.replace(' ', '-')}@example.com`;

      await check('landing');
      await addAuthenticator(page);
      await signUp(page, email);
      await check('account');
      await send(page, 'bob@example.com', '12.5o');
      await card(page, 'Money').getByText('Write an amount such as 12.50.').waitFor();
      await check('wrong-amount');
      await addPasskey(page, 'My phone');
      await check('message');
      await send(page, 'bob@example.com', '12.50');
      await dialog(page).waitFor();
      await check('approval');
      await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
      await notice(page, '€12.50 went to');
      await card(page, 'Under the hood').scrollIntoViewIfNeeded();
      await check('under-the-hood');
      await page.getByRole('button', { name: 'Send the same again' }).click();
      await dialog(page).getByText('Do it again?').first().waitFor();
      await check('again');
      await page.keyboard.press('Escape');
      const app = card(page, 'Authenticator app');
      await app.getByRole('button', { name: 'Set up an app' }).click();
      await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
      await app.getByRole('img').waitFor();
      await app.scrollIntoViewIfNeeded();
      await check('qr-code');
      const codes = card(page, 'Recovery codes');
      await codes.getByRole('button', { name: 'Make new codes' }).click();
      await codes.getByLabel('Your recovery codes').waitFor();
      await check('recovery-codes');
      await page.goto(`${new URL(page.url()).origin}/plain`);
      await check('plain');
      assert.equal(seen.length, 10);
      assert.deepEqual(faults, []);
    });
  }

  it('hold on the page that asks without JavaScript', async () => {
    const { page } = await openPage(SMALL);
    await signUp(page, 'looks-plain@example.com');
    await page.evaluate("fetch('/auth/step-up', { method: 'DELETE' })");
    await page.goto(`${new URL(page.url()).origin}/plain/export`);
    await page.getByLabel('Password').fill(PASSWORD);
    assert.deepEqual(await accessFaults(page), []);
    await checkLooks(page);
  });
});
