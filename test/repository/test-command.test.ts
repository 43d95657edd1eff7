import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { root } from './root.js';

const folder = mkdtempSync(join(tmpdir(), 'stepgate-test-command-'));
after(() => rmSync(folder, { recursive: true }));

function run(source: string, args: string[] = []): { status: number | null; output: string } {
  const built = mkdtempSync(join(folder, 'run-'));
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(built, 'test'));
  const imports = `import { it } from 'node:test';
    import { spawnSync } from 'node:child_process';
    import { Worker } from 'node:worker_threads';\n`;
  writeFileSync(join(built, 'test', 'fixture.test.js'), imports + source);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/test.mjs', ...args], {
    cwd: root,
    env: { ...process.env, TEST_ROOT: built },
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

const failures = {
  'a failing test': `it('t', () => { throw new Error('canary'); });`,
  'a rejection after the test has ended': `it('t', () => { setTimeout(() => Promise.reject(new Error('canary')), 1); });`,
  'an exception after the test has ended': `it('t', () => { setTimeout(() => { throw new Error('canary'); }, 1); });`,
  'a rejection beside the tests': `Promise.reject(new Error('canary')); it('t', () => {});`,
  'an exception when the process exits': `it('t', () => {}); process.on('exit', () => { throw new Error('canary'); });`,
  'a rejection in a worker thread whose error event is handled': `it('t', async () => {
    const worker = new Worker('Promise.reject(new Error("canary"))', { eval: true });
    worker.on('error', () => {});
    await new Promise((resolve) => worker.once('exit', resolve));
  });`,
  'a rejection in a child process': `it('t', () => {
    spawnSync(process.execPath, ['-e', 'Promise.reject(new Error("canary"))']);
  });`,
  'an exception when a child process exits': `it('t', () => {
    spawnSync(process.execPath, ['-e', 'process.on("exit", () => { throw new Error("canary"); })']);
  });`,
  'a call of process.exit that would skip the rest': `it('t', () => process.exit(0)); it('u', () => {});`,
  'a test file without a test': '',
};

describe('npm test', () => {
  for (const [what, source] of Object.entries(failures)) {
    it(`fails for ${what}`, () => {
      const { status, output } = run(source);
      assert.equal(status, 1, output);
      assert.match(output, /canary|process\.exit\(0\)|has no test/);
    });
  }

  it('fails when no test file is found', () => {
    const { status, output } = run(`it('t', () => {});`, ['no-such-path']);
    assert.equal(status, 1);
    assert.match(output, /no test file/);
  });

  it('passes when all tests pass, and ends with the summary of the runner', () => {
    const { status, output } = run(`it('t', () => {});`, ['fixture']);
    assert.equal(status, 0, output);
    assert.match(output, /pass 1\n.*fail 0\n.*cancelled 0\n.*skipped 0\n.*todo 0\n.*duration_ms [\d.]+\s*$/);
  });

  it('lets a test crash a thread on purpose, when the error says so', () => {
    const { status, output } = run(`it('t', async () => {
      const worker = new Worker('throw new Error("[on purpose] canary")', { eval: true });
      worker.on('error', () => {});
      await new Promise((resolve) => worker.once('exit', resolve));
    });`);
    assert.equal(status, 0, output);
  });
});
