import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { root } from './root.js';

const folder = mkdtempSync(join(tmpdir(), 'stepgate-test-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

const IMPORTS = `import { it } from '@jest/globals';
  import { spawnSync } from 'node:child_process';
  import { Worker } from 'node:worker_threads';
  import { cleanUp } from '${new URL('../support/clean-up.js', import.meta.url)}';\n`;

interface Run {
  readonly status: number | null;
  readonly output: string;
  /** What a test file failed for; null for one that passed. */
  readonly failures: ReadonlyMap<string, string | null>;
}

/** Runs `npm test`, without its build, on these test files. */
function run(sources: Readonly<Record<string, string>>, args: readonly string[] = []): Run {
  const built = mkdtempSync(join(folder, 'run-'));
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(built, 'test'));
  for (const [name, source] of Object.entries(sources)) {
    writeFileSync(join(built, 'test', `${name}.test.js`), source === '' ? source : IMPORTS + source);
  }
  const json = join(built, 'results.json');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/test.mjs', '--json', '--outputFile', json, ...args],
    { cwd: root, env: { ...process.env, TEST_ROOT: built }, encoding: 'utf8' },
  );
  const results: { testResults: { name: string; status: string; message: string }[] } = JSON.parse(
    readFileSync(json, 'utf8'),
  );
  const failures = results.testResults.map((result) => {
    return [basename(result.name, '.test.js'), result.status === 'passed' ? null : result.message] as const;
  });
  return { status, output: stdout + stderr, failures: new Map(failures) };
}

const failing: Readonly<Record<string, readonly [source: string, message?: RegExp]>> = {
  'a failing test': [`it('t', () => { throw new Error('canary'); });`],
  'a rejection after the test has ended': [
    `it('t', () => { setTimeout(() => Promise.reject(new Error('canary')), 1); });`,
  ],
  'an exception after the test has ended': [`it('t', () => { setTimeout(() => { throw new Error('canary'); }, 1); });`],
  'a rejection beside the tests': [`Promise.reject(new Error('canary')); it('t', () => {});`],
  'a rejection that the test does not wait for': [
    `it('t', async () => { Promise.reject(new Error('canary')); await new Promise(setImmediate); });`,
  ],
  'a clean-up that fails': [`it('t', () => { cleanUp(() => Promise.reject(new Error('canary'))); });`],
  'a clean-up outside a test': [`cleanUp(() => {}); it('t', () => {});`, /no test was running/],
  'a rejection in a worker thread whose error event is handled': [
    `it('t', async () => {
      const worker = new Worker('Promise.reject(new Error("canary"))', { eval: true });
      worker.on('error', () => {});
      await new Promise((resolve) => worker.once('exit', resolve));
    });`,
  ],
  'a rejection in a child process': [
    `it('t', () => { spawnSync(process.execPath, ['-e', 'Promise.reject(new Error("canary"))']); });`,
  ],
  'an exception when a child process exits': [
    `it('t', () => {
      spawnSync(process.execPath, ['-e', 'process.on("exit", () => { throw new Error("canary"); })']);
    });`,
  ],
  'a call of process.exit that would skip the rest': [
    `it('t', () => process.exit(0)); it('u', () => {});`,
    /process\.exit\(0\)/,
  ],
  'a timer that is left open': [`it('t', () => { setInterval(() => {}, 1_000); });`, /left open: Timeout/],
  'a test file without a test': ['', /must contain at least one test/],
};

const passing: Readonly<Record<string, string>> = {
  'a test': `it('t', () => {});`,
  'a thread that crashes on purpose, as its error says': `it('t', async () => {
    const worker = new Worker('throw new Error("[on purpose] canary")', { eval: true });
    worker.on('error', () => {});
    await new Promise((resolve) => worker.once('exit', resolve));
  });`,
  'an error of Node’s that is an Error': `it('t', async () => {
    const { readFile } = await import('node:fs/promises');
    const error = await readFile('/nowhere').catch((error) => error);
    if (!(error instanceof Error) || error instanceof TypeError) throw error;
  });`,
  'clean-ups that run after their test, the last one first, each when the one before has ended': `
    const done = [];
    it('t', () => {
      cleanUp(() => done.push('first'));
      cleanUp(async () => {
        await new Promise(setImmediate);
        done.push('second');
      });
    });
    it('u', () => { if (done.join() !== 'second,first') throw new Error(done.join()); });`,
};

const fileOf = (what: string): string => what.replaceAll(/\W+/g, '-');

describe('npm test', () => {
  let all: Run;
  beforeAll(() => {
    const sources = [
      ...Object.entries(failing).map(([what, [source]]) => [what, source] as const),
      ...Object.entries(passing),
    ];
    all = run(Object.fromEntries(sources.map(([what, source]) => [fileOf(what), source])), ['--maxWorkers', '2']);
  });

  it('fails when one test file fails', () => {
    assert.equal(all.status, 1, all.output);
  });

  for (const [what, [, message = /canary/]] of Object.entries(failing)) {
    it(`fails, naming the file, for ${what}`, () => {
      const failure = all.failures.get(fileOf(what));
      assert.match(failure ?? `nothing failed: ${all.output}`, message);
      assert.match(all.output, new RegExp(`FAIL .*${fileOf(what)}\\.test\\.js`));
    });
  }

  for (const what of Object.keys(passing)) {
    it(`passes for ${what}`, () => {
      assert.equal(all.failures.get(fileOf(what)), null);
    });
  }

  it('fails when no test file is found', () => {
    const built = mkdtempSync(join(folder, 'empty-'));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/test.mjs', 'no-such-path'], {
      cwd: root,
      env: { ...process.env, TEST_ROOT: built },
      encoding: 'utf8',
    });
    assert.equal(status, 1);
    assert.match(stdout + stderr, /No tests found/);
  });

  it('passes when all tests pass, names those that were skipped, and ends with the totals', () => {
    const { status, output } = run({ passed: `it('t', () => {}); it.skip('needs a server', () => {});` }, ['passed']);
    assert.equal(status, 0, output);
    assert.match(output, /SKIPPED .*passed\.test\.js: needs a server/);
    assert.match(output, /Tests: +1 skipped, 1 passed, 2 total/);
  });

  it('fails when the process of a test file is killed', () => {
    const { status, output } = run({
      killed: `it('t', () => process.kill(process.pid, 'SIGKILL'));`,
      other: `it('t', () => {});`,
    });
    assert.equal(status, 1, output);
    assert.match(output, /FAIL .*killed\.test\.js/);
  });
});
