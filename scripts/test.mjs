// Runs the compiled tests on Node's test runner: all of them, or those whose path contains one of the arguments.
//   npm test
//   npm test -- sqlite attacks
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const BUILT = resolve(process.env.TEST_ROOT ?? '.build');
const FILE_TIMEOUT_MS = 900_000; // for slow machines: PostgreSQL's conformance takes minutes there

const wanted = process.argv.slice(2);
const files = existsSync(BUILT)
  ? readdirSync(BUILT, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.test.js'))
      .filter((path) => wanted.length === 0 || wanted.some((part) => path.split(sep).join('/').includes(part)))
      .sort()
      .map((path) => join(BUILT, path))
  : [];
if (files.length === 0) {
  console.error(`no test file in ${BUILT}${wanted.length === 0 ? '' : ` has one of ${wanted.join(', ')} in its path`}`);
  process.exit(1);
}

const crashFolder = mkdtempSync(join(tmpdir(), 'stepgate-crashes-'));
process.env.TEST_CRASH_FOLDER = crashFolder;
delete process.env.TEST_CRASH_LOG;
// Set when a test of this very script runs it: the runner would otherwise run nothing.
delete process.env.NODE_TEST_CONTEXT;
const preload = JSON.stringify(fileURLToPath(new URL('crash-watch.cjs', import.meta.url)));
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --require ${preload}`;

run({ files, concurrency: 2, timeout: FILE_TIMEOUT_MS })
  .on('test:pass', ({ name }) => {
    // The runner reports a file by its own name when it ended well and had no test.
    if (files.includes(name)) fail(`${name} has no test`);
  })
  .on('test:fail', ({ todo }) => {
    if (todo === undefined) process.exitCode = 1;
  })
  .compose(new spec())
  .pipe(process.stdout);

process.on('exit', () => {
  // A test file's process has reported its own; this finds the children that outlived it.
  if (readdirSync(crashFolder).length > 0 && process.exitCode !== 1)
    fail('a process crashed after its test file ended');
  rmSync(crashFolder, { recursive: true });
});

function fail(reason) {
  console.error(reason);
  process.exitCode = 1;
}
