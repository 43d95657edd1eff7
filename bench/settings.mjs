import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `--quick` shows that all of it runs; its figures say nothing. */
const quick = process.argv.includes('--quick');

export const settings = {
  quick,
  sessions: quick ? 2_000 : 100_000,
  connections: 32,
  rounds: quick ? 1 : 5,
  /** Of load, in each round. */
  seconds: quick ? 1 : 6,
  findAt: quick ? [1_000, 10_000] : [10_000, 100_000, 1_000_000, 10_000_000],
};

/** Servers have the first core to themselves, and what asks them has the second. */
export const SERVER_CORE = '0';
export const LOAD_CORE = '1';

const folders = [];

export function newFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `stepgate-bench-${name}-`));
  folders.push(folder);
  return folder;
}

process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
