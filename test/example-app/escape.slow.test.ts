import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { Page, Route } from 'playwright-core';
import { describeIfPresent } from '../support/needs.js';
import { missingChromium } from './chromium.js';
import { addAuthenticator, addPasskey, card, dialog, notice, pagesOfTheBank, send, signUp } from './pages.js';

const UNTOUCHED = '€10,000.00';
const SENT = '€9,300.00';

/** A request that waits, before the bank has it or with its answer ready. */
interface Held {
  readonly reached: Promise<void>;
  readonly release: () => void;
}

function signal(): [promise: Promise<void>, resolve: () => void] {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return [promise, resolve];
}

async function hold(page: Page, path: string, where: 'before' | 'after', nth = 1): Promise<Held> {
  const [reached, reach] = signal();
  const [released, release] = signal();
  let count = 0;
  await page.route(path, async (route: Route) => {
    const isIt = route.request().method() === 'POST' && ++count === nth;
    if (!isIt) return route.continue();
    const response = where === 'after' ? await route.fetch() : null;
    reach();
    await released;
    return response === null ? route.continue() : route.fulfill({ response });
  });
  return { reached, release };
}

describeIfPresent('Escape at any moment of a transfer, in Chromium', missingChromium, () => {
  const { openPage } = pagesOfTheBank();

  async function open(name: string) {
    const { page } = await openPage();
    const authenticator = await addAuthenticator(page);
    await signUp(page, `escape-${name}@example.com`);
    await addPasskey(page, 'My laptop');
    return { page, authenticator };
  }

  const usePasskey = (page: Page) => dialog(page).getByRole('button', { name: 'Use a passkey' }).click();

  /** What the page says is what the bank has booked, and the next press asks again. */
  async function isUntouched(page: Page): Promise<void> {
    await card(page, 'Money').getByText('so nothing was done').waitFor();
    await page.getByRole('button', { name: 'Send the money' }).click();
    await dialog(page).getByRole('heading', { name: 'Confirm this' }).waitFor();
    await page.keyboard.press('Escape');
    await page.reload();
    await card(page, 'Money').getByText(UNTOUCHED).waitFor();
  }

  it('in the dialog: nothing is done', async () => {
    const { page } = await open('dialog');
    await send(page, 'the baker', '700');
    await dialog(page).waitFor();
    await page.keyboard.press('Escape');
    await isUntouched(page);
  });

  it('in the ceremony of the passkey: nothing is done', async () => {
    const { page, authenticator } = await open('ceremony');
    await authenticator.touch(false);
    await send(page, 'the baker', '700');
    await usePasskey(page);
    await dialog(page).getByText('Waiting for your passkey').waitFor();
    await page.keyboard.press('Escape');
    await isUntouched(page);
  });

  for (const where of ['before', 'after'] as const) {
    it(`while the proof is on its way, ${where} the bank has it: nothing is done, now or by the next press`, async () => {
      const { page } = await open(`verify-${where}`);
      const held = await hold(page, '**/auth/step-up/verify', where);
      await send(page, 'the baker', '700');
      await usePasskey(page);
      await held.reached;
      await page.keyboard.press('Escape');
      await card(page, 'Money').getByText('so nothing was done').waitFor();
      held.release();
      await isUntouched(page);
    });

    it(`while the transfer is on its way, ${where} the bank has it: it is done, and said so`, async () => {
      const { page } = await open(`replay-${where}`);
      const held = await hold(page, '**/transfers', where, 2);
      await send(page, 'the baker', '700');
      await usePasskey(page);
      await held.reached;
      await page.keyboard.press('Escape');
      assert.equal(await dialog(page).count(), 0);
      assert.equal(await page.getByText('nothing was done').count(), 0);
      held.release();
      await notice(page, '€700.00 went to the baker.');
      await card(page, 'Money').getByText(SENT).waitFor();
    });
  }
});
