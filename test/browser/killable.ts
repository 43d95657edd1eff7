import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { chromium, type Page } from 'playwright-core';
import { ARGUMENTS, executablePath } from '../example-app/chromium.js';

/** A Chromium that keeps its profile, and can be killed as a system does that wants its memory back. */
export interface KillableChromium {
  readonly page: Page;
  /** Ends all of its processes at once: none of them writes anything any more. */
  readonly kill: () => Promise<void>;
}

export async function startChromium(profile: string, url: string): Promise<KillableChromium> {
  const child = spawn(
    executablePath,
    [...ARGUMENTS, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    { detached: true, stdio: ['ignore', 'ignore', 'pipe'] }, // detached: a process group of its own
  );
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    process.kill(-pidOf(child), 'SIGKILL');
    await exited;
  };
  try {
    const browser = await chromium.connectOverCDP(await endpointOf(child));
    const [context] = browser.contexts();
    if (context === undefined) throw new Error('Chromium has no context for its profile.');
    const page = await context.newPage();
    await page.goto(url);
    return { page, kill };
  } catch (error) {
    await kill();
    throw error;
  }
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('Chromium did not start.');
  return pid;
}

async function endpointOf({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error('Chromium has no standard error.');
  for await (const line of createInterface(stderr)) {
    const endpoint = /DevTools listening on (\S+)/.exec(line)?.[1];
    if (endpoint === undefined) continue;
    stderr.resume(); // the rest is nobody's concern, but has to flow
    return endpoint;
  }
  throw new Error('Chromium ended before it listened.');
}
