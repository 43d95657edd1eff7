import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeIfPresent } from '../support/needs.js';
import { missingChromium } from './chromium.js';
import { addAuthenticator, addPasskey, card, dialog, notice, pagesOfTheBank, send, signUp } from './pages.js';

/** The lines of the strip. */
const requests = (page: Page): Promise<readonly string[]> =>
  card(page, 'Under the hood').locator('li code').allTextContents();

describeIfPresent('what the bank shows in Chromium of how it works', missingChromium, () => {
  const { openPage } = pagesOfTheBank();

  async function openWithPasskey(email: string, options = {}): Promise<Page> {
    const { page } = await openPage(options);
    await addAuthenticator(page);
    await signUp(page, email);
    await addPasskey(page, 'My laptop');
    return page;
  }

  it('lists the requests of a transfer, and what the bank has answered', async () => {
    const page = await openWithPasskey('hood-ada@example.com');
    const before = (await requests(page)).length;
    await send(page, 'bob', '12.50');
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await notice(page, '€12.50 went to bob.');
    assert.deepEqual((await requests(page)).slice(before), [
      'POST /transfers → 401',
      'POST /auth/step-up/verify → 200',
      'POST /transfers → 200',
    ]);
    const strip = card(page, 'Under the hood');
    await strip.getByText('good for exactly this: “Send €12.50 to bob').waitFor();
    await strip.getByText('verified by passkey; a new session token, the same session').waitFor();
  });

  it('lets the visitor send the same again, which is a question, and more, which is refused', async () => {
    const page = await openWithPasskey('hood-bob@example.com');
    await send(page, 'cid', '12.50');
    await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
    await notice(page, '€12.50 went to cid.');
    await page.getByRole('button', { name: 'Same approval, a hundred times the amount' }).click();
    await notice(page, 'Refused: you have confirmed €12.50, and nobody €1,250.00.');
    await page.getByRole('button', { name: 'Send the same again' }).click();
    await dialog(page).getByRole('heading', { name: 'Do it again?' }).waitFor();
    await card(page, 'Under the hood').getByText('step_up_required (spent)').waitFor();
    await page.keyboard.press('Escape');
    await notice(page, 'so nothing was done');
    await card(page, 'Money').getByText('€9,987.50').waitFor();
  });

  it('closes a message, which hides nothing that has the focus', async () => {
    const page = await openWithPasskey('hood-cid@example.com', { viewport: { width: 360, height: 740 } });
    const close = page.getByRole('button', { name: 'Close this message' });
    await close.waitFor();
    const stops = await page
      .locator('button:visible, input:visible, select:visible, summary:visible, a:visible')
      .count();
    for (let stop = 0; stop < stops; stop += 1) {
      await page.keyboard.press('Tab');
      const hidden = await page.evaluate(() => {
        const at = document.activeElement;
        if (at === null || at === document.body) return null;
        const { left, top, right, bottom } = at.getBoundingClientRect();
        const found = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        return found !== null && (at.contains(found) || found.contains(at)) ? null : at.outerHTML;
      });
      assert.equal(hidden, null);
    }
    await close.click();
    assert.equal(await close.isVisible(), false);
    assert.equal(await page.getByRole('status').textContent(), '');
  });
});
