import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

export const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Why the tests in a browser can't run here; false when they can. Where every store has to be there, so has a browser. */
export const skip: string | false =
  existsSync(executablePath) || process.env['REQUIRE_ALL_STORES'] === '1'
    ? false
    : `SKIPPED: no Chromium at ${executablePath}; install it or set CHROMIUM`;

export const ARGUMENTS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...ARGUMENTS] });
}
