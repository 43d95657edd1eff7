import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { ConfirmRequest, ProveOutcome } from '../../../lib/browser/confirm.js';
import { launchChromium } from '../../example-app/chromium.js';
import { cleanUp } from '../../support/clean-up.js';
import { startSite } from './site.js';

/** A request as the page's script takes it: what isn't said is a proof by a passkey. */
export type Asked = Partial<Pick<ConfirmRequest, 'why' | 'summary' | 'ways' | 'methods' | 'again' | 'notice'>> & {
  /** Which dialog asks. @default 'english' */
  readonly dialog?: 'english' | 'german' | 'pin';
  /** What each attempt comes to, one after the other; then none is answered any more. */
  readonly answers?: readonly ProveOutcome[];
  /** In milliseconds. */
  readonly expiresIn?: number;
};

export interface DialogPage {
  readonly page: Page;
  ask(request: Asked): Promise<void>;
  /** The client gives up the request that was asked for as the first, the second, … */
  giveUp(index: number): Promise<void>;
  /** The attempts, each with its method and what was typed. */
  proved(): Promise<readonly unknown[]>;
  /** How the requests ended, in the order in which they did, once so many have. @default 0 */
  outcomes(count?: number): Promise<readonly string[]>;
  press(...keys: readonly string[]): Promise<void>;
  choose(button: string): Promise<void>;
  type(field: string, text: string): Promise<void>;
  /** What has the focus: its role or tag, and its text. */
  focused(): Promise<string>;
  /** The text of the dialog. */
  text(): Promise<string>;
}

interface PageWindow {
  readonly isReady?: true;
  readonly ask: (request: Asked) => void;
  readonly giveUp: (index: number) => void;
  readonly proved: readonly unknown[];
  readonly outcomes: readonly string[];
}

export const SMALL: BrowserContextOptions = { viewport: { width: 360, height: 740 } };

export interface DialogPages {
  /**
   * The page, loaded anew. The test fails for whatever goes wrong in it, a breach of its policy included. Its clock stands
   * still between the test's own steps.
   */
  open(options?: BrowserContextOptions): Promise<DialogPage>;
}

/** The page and a browser, for the tests of the file that calls this. */
export function dialogPages(): DialogPages {
  /** A new context takes longer than most tests: there is one for each set of options. */
  const pages = new Map<BrowserContextOptions, { readonly page: Page; readonly faults: string[] }>();
  let site: Awaited<ReturnType<typeof startSite>>;
  let browser: Browser;
  beforeAll(async () => {
    site = await startSite();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    site?.stop();
  });

  return {
    async open(options = SMALL) {
      let opened = pages.get(options);
      if (opened === undefined) {
        const page = await (await browser.newContext(options)).newPage();
        page.setDefaultTimeout(10_000);
        const faults: string[] = [];
        page.on('pageerror', (error) => faults.push(error.message));
        page.on('console', (message) => {
          if (['error', 'warning'].includes(message.type())) faults.push(message.text());
        });
        await page.clock.install();
        opened = { page, faults };
        pages.set(options, opened);
      }
      const { page, faults } = opened;
      cleanUp(() => assert.deepEqual(faults.splice(0), []));
      await page.goto(site.origin);
      await page.waitForFunction(() => (window as unknown as PageWindow).isReady === true); // set by the page's script
      await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 10_000);
      return withHelpers(page);
    },
  };
}

function withHelpers(page: Page): DialogPage {
  const dialog = page.locator('stepgate-dialog dialog');
  return {
    page,
    async ask(request) {
      await page.evaluate((asked) => (window as unknown as PageWindow).ask(asked), request);
      await page.evaluate(() => {}); // the dialog opens in a later turn
    },
    giveUp: (index) => page.evaluate((at) => (window as unknown as PageWindow).giveUp(at), index),
    proved: () => page.evaluate(() => (window as unknown as PageWindow).proved),
    async outcomes(count = 0) {
      await page.waitForFunction((least) => (window as unknown as PageWindow).outcomes.length >= least, count);
      return page.evaluate(() => (window as unknown as PageWindow).outcomes);
    },
    async press(...keys) {
      for (const key of keys) await page.keyboard.press(key);
    },
    choose: (button) => dialog.getByRole('button', { name: button, exact: true }).click(),
    type: (field, text) => dialog.getByLabel(field).fill(text),
    focused: () =>
      page.evaluate(() => {
        let at = document.activeElement;
        while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
        if (at === null) return 'nothing';
        const label = at instanceof HTMLInputElement ? at.labels?.[0]?.textContent : at.textContent;
        return `${at.role ?? at.tagName.toLowerCase()}: ${label ?? ''}`;
      }),
    text: async () => (await dialog.textContent()) ?? '',
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The faults that axe finds on the page, the dialog's shadow included. */
export async function accessFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe: loaded } = window as unknown as { axe: typeof import('axe-core') }; // evaluated just now
    const result = await loaded.run();
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

/**
 * Walks the dialog by the Tab key, and gives the stops that aren't in view as a whole, or that something lies over. The
 * stops themselves are counted, so that a dialog without any can't pass.
 */
export async function hiddenStops(page: Page): Promise<readonly string[]> {
  const stops = await page.evaluate(() => {
    const { shadowRoot } = document.querySelector('stepgate-dialog') ?? {};
    return shadowRoot?.querySelectorAll('input:not([hidden]), button').length ?? 0;
  });
  assert.ok(stops > 0);
  const hidden: string[] = [];
  const seen = new Set<string>();
  for (let stop = 0; stop <= stops; stop++) {
    const { name, isInView } = await page.evaluate(() => {
      let at = document.activeElement;
      while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      // The browser's own controls come after the last.
      if (at === null || at === document.body) return { name: null, isInView: true };
      const { left, top, right, bottom, width, height } = at.getBoundingClientRect();
      const isTaller = height > innerHeight - 200; // a summary of 500 capitals: then from its beginning on
      const isInside = left >= 0 && top >= 0 && right <= innerWidth && (isTaller || bottom <= innerHeight);
      const root = at.getRootNode() as Document | ShadowRoot; // it is in the page
      const found = root.elementFromPoint(left + width / 2, top + Math.min(height / 2, 40));
      return { name: at.outerHTML, isInView: isInside && found !== null && at.contains(found) };
    });
    if (name !== null) seen.add(name);
    if (name !== null && !isInView) hidden.push(name);
    await page.keyboard.press('Tab');
  }
  assert.ok(seen.size >= stops - 1, `only ${[...seen].join()}`);
  return hidden;
}
