import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

export const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** What the tests in a browser lack on this machine, if they do. */
export const missingChromium: string | undefined = existsSync(executablePath)
  ? undefined
  : `Chromium: ${executablePath}, or CHROMIUM`;

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
