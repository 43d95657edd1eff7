// Runs the compiled tests on Jest: all of them, or those whose path contains one of the arguments.
//   npm test
//   npm test -- sqlite attacks
//   npm run test:slow
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
const preload = JSON.stringify(fileURLToPath(new URL('jest/crash-watch.cjs', import.meta.url)));
const args = process.argv.slice(2);
const isSlow = args[0] === '--slow';
const crashes = mkdtempSync(join(tmpdir(), 'stepgate-crashes-'));
const copies = mkdtempSync(join(tmpdir(), 'stepgate-copies-')); // of what takes long to make (test/support/postgres.ts)
chmodSync(copies, 0o711);
const env = {
  ...process.env,
  SLOW_TESTS: isSlow ? '1' : '0', // which files there are: jest.config.mjs
  TEST_CRASH_FOLDER: crashes,
  TEST_COPIES: copies,
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require ${preload}`,
};
delete env.TEST_CRASH_LOG; // set when a test of this very script runs it

const { status } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...args.slice(isSlow ? 1 : 0)],
  {
    env,
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;

// A test file has reported its own; these came after its end.
for (const log of readdirSync(crashes)) {
  console.error(`A crash after the end of a test file, ${log}:\n${readFileSync(join(crashes, log), 'utf8')}`);
  process.exitCode = 1;
}
for (const folder of [crashes, copies]) rmSync(folder, { recursive: true });
