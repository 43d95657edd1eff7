import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';

const SERVER = fileURLToPath(new URL('../../example-app/server.js', import.meta.url));
const CLOCK = new URL('children/movable-clock.js', import.meta.url);

/** For a bank whose clock the test moves. */
export const MOVABLE_CLOCK: NodeJS.ProcessEnv = {
  NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${CLOCK.href}`,
};

/** A bank that runs in a process of its own, as `npm start` runs it. */
export interface RunningBank {
  readonly origin: string;
  /** All that it wrote to standard error. */
  readonly errors: () => string;
  /** All that it wrote, to standard output and to standard error. */
  readonly log: () => string;
  /** Moves its clock ahead by so many milliseconds; only with `MOVABLE_CLOCK`. */
  readonly advance: (by: number) => Promise<void>;
  /** Asks it to end, by SIGTERM; gives its exit code. */
  readonly stop: () => Promise<number | null>;
}

/** Starts a bank on a free port and waits until it says where it is. */
export async function startBank(database: string, env: NodeJS.ProcessEnv = {}): Promise<RunningBank> {
  const child = spawn(process.execPath, [SERVER], {
    env: { ...process.env, STEPGATE_SECRET: '', ORIGIN: '', PORT: '0', DATABASE: database, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let errors = '';
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    log += text;
  });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const found = /on port (\d+)\n/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('close', () => reject(new Error(`The bank ended before it was open: ${errors}`)));
  });
  return {
    origin: `http://localhost:${port}`,
    errors: () => errors,
    log: () => log,
    async advance(by) {
      child.send(by);
      await once(child, 'message');
    },
    stop: () => stop(child),
  };
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

/** A bank of its own for a test file, which ends with it. */
export async function bankForTests(): Promise<RunningBank> {
  const folder = await newFolder();
  const bank = await startBank(folder.database);
  afterAll(async () => {
    await bank.stop();
    await folder.remove();
  });
  return bank;
}
