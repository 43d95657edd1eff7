import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from '@jest/globals';
import type { BrowserContextOptions } from 'playwright-core';
import { missingChromium } from '../../example-app/chromium.js';
import { describeIfPresent } from '../../support/needs.js';
import { accessFaults, dialogPages, hiddenStops, SMALL } from './page.js';
import { STATES } from './states.js';

const LOOKS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { ...SMALL, colorScheme: 'light', reducedMotion: 'reduce' },
  dark: { ...SMALL, colorScheme: 'dark' },
  'forced colours': { ...SMALL, forcedColors: 'active' },
};

/** Where the pictures of the docs are written, if they are: `npm run screenshots`. */
const pictures = process.env['SCREENSHOTS'];

describeIfPresent('the looks of the dialog', missingChromium, () => {
  const { open } = dialogPages();

  for (const [look, options] of Object.entries(LOOKS)) {
    it(`hold in every state, on a small screen in ${look}`, async () => {
      const dialog = await open(options);
      const { page } = dialog;
      await page.clock.resume(); // axe waits for timers
      for (const { name, asked, reach, isShown } of STATES) {
        await dialog.ask(asked);
        await reach?.(dialog);
        if (pictures !== undefined && look === 'light' && isShown) {
          await page.locator('stepgate-dialog dialog').screenshot({ path: join(pictures, `dialog-${name}.png`) });
        }
        assert.deepEqual({ name, faults: await accessFaults(page) }, { name, faults: [] });
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, name);
        assert.deepEqual({ name, hidden: await hiddenStops(page) }, { name, hidden: [] });
        await dialog.press('Escape');
      }
      assert.equal(await page.title(), 'An app');
    });
  }

  it('hold at 200 % text size', async () => {
    const dialog = await open();
    await dialog.page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
    for (const { asked } of STATES.filter(({ reach }) => reach === undefined)) {
      await dialog.ask(asked);
      assert.equal(await dialog.page.evaluate(() => document.documentElement.scrollWidth), 360);
      assert.deepEqual(await hiddenStops(dialog.page), []);
      await dialog.press('Escape');
    }
  });

  it('follow the page, not the system, where the page is only light', async () => {
    const dialog = await open(LOOKS['dark']);
    const groundOf = () =>
      dialog.page.locator('stepgate-dialog dialog').evaluate((element) => getComputedStyle(element).backgroundColor);
    await dialog.page.evaluate(() => document.documentElement.style.setProperty('color-scheme', 'light'));
    await dialog.ask({});
    assert.equal(await groundOf(), 'rgb(255, 255, 255)');
    await dialog.page.evaluate(() => document.documentElement.style.setProperty('color-scheme', 'dark'));
    assert.equal(await groundOf(), 'rgb(31, 31, 35)');
  });

  it("are the app's to change, by custom properties and parts", async () => {
    const dialog = await open();
    await dialog.page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`
        stepgate-dialog { --stepgate-surface: rgb(1, 2, 3); --stepgate-accent: rgb(4, 5, 6); }
        stepgate-dialog::part(title) { color: rgb(7, 8, 9); }`);
      document.adoptedStyleSheets = [sheet];
    });
    await dialog.ask({});
    const style = (part: string, property: string) =>
      dialog.page
        .locator(`stepgate-dialog [part=${part}]`)
        .evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property);
    assert.equal(await style('dialog', 'background-color'), 'rgb(1, 2, 3)');
    assert.equal(await style('submit', 'background-color'), 'rgb(4, 5, 6)');
    assert.equal(await style('title', 'color'), 'rgb(7, 8, 9)');
  });
});
