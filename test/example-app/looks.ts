/// <reference lib="dom" />
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { contrast } from './contrast.js';

/** Nothing wider than the screen, and every text at a contrast of 4.5 to its ground (WCAG 2.2, 1.4.3). */
export async function checkLooks(page: Page): Promise<void> {
  const { width, texts } = await page.evaluate(() => {
    const elements = [
      ...document.querySelectorAll('h1, h2, h3, p, label, button, summary, a, code, li, dt, time, .badge, .ip'),
    ];
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
  assert.equal(width, page.viewportSize()?.width);
  const faint = texts.filter(({ color, ground }) => contrast(color, ground) < 4.5);
  assert.deepEqual(faint, []);
}
