import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('../../example-app/server.js', import.meta.url));

/** A bank that runs in a process of its own, as `npm start` runs it. */
export interface RunningBank {
  readonly origin: string;
  /** All that it wrote to standard error. */
  readonly errors: () => string;
  /** Asks it to end, by SIGTERM; gives its exit code. */
  readonly stop: () => Promise<number | null>;
}

/** Starts a bank on a free port and waits until it says where it is. */
export async function startBank(database: string, env: NodeJS.ProcessEnv = {}): Promise<RunningBank> {
  const child = spawn(process.execPath, [SERVER], {
    env: { ...process.env, STEPGATE_SECRET: '', ORIGIN: '', PORT: '0', DATABASE: database, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  for await (const line of createInterface(child.stdout)) {
    const port = /on port (\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    return { origin: `http://localhost:${port}`, errors: () => errors, stop: () => stop(child) };
  }
  throw new Error(`The bank ended before it was open: ${errors}`);
}

/** Starts two or more banks at once over one database. Where one of them doesn't open, the others are ended, too. */
export async function startBanks(
  count: number,
  database: string,
  env: NodeJS.ProcessEnv = {},
): Promise<[RunningBank, RunningBank, ...RunningBank[]]> {
  const started = await Promise.allSettled(Array.from({ length: count }, () => startBank(database, env)));
  const banks = started.flatMap((bank) => (bank.status === 'fulfilled' ? [bank.value] : []));
  const [one, other, ...more] = banks;
  if (banks.length === count && one !== undefined && other !== undefined) return [one, other, ...more];
  await Promise.all(banks.map((bank) => bank.stop()));
  throw new AggregateError(
    started.flatMap((bank) => (bank.status === 'rejected' ? [bank.reason] : [])),
    'Not all of the banks have opened.',
  );
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  return child.exitCode;
}

/** A new folder for a database, and how to delete it. */
export async function newFolder(): Promise<{ database: string; folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'stepgate-bank-'));
  return { folder, database: join(folder, 'bank.db'), remove: () => rm(folder, { recursive: true, force: true }) };
}
