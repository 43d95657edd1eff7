import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { COMMANDS, run } from '../../lib/cli/run.js';
import { root } from '../repository/root.js';

async function call(...args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const status = await run(args, {
    folder: root,
    async out(text) {
      stdout += text;
    },
    async err(text) {
      stderr += text;
    },
  });
  return { status, stdout, stderr };
}

describe('the command line', () => {
  it('tells what it can do', async () => {
    const help = await call('--help');
    assert.equal(help.status, 0);
    for (const [name, { about, options = {} }] of Object.entries(COMMANDS)) {
      assert.ok(help.stdout.includes(`  ${name}`) && help.stdout.includes(about), name);
      const own = await call(...name.split(' '), '--help');
      assert.equal(own.status, 0);
      for (const option of [...Object.keys(options), 'config']) assert.ok(own.stdout.includes(`--${option}`), option);
    }
    assert.deepEqual(await call('--version'), { status: 0, stdout: '0.1.0\n', stderr: '' });
    assert.equal((await call()).status, 2);
  });

  for (const [what, args, message] of [
    ['a command that there is not', ['docter'], /Did you mean `doctor`\?/],
    ['half a command', ['sessions'], /sessions list, sessions end/],
    ['an option that there is not', ['sessions', 'list', '--users', 'ada'], /--users/],
    ['an option without its value', ['sessions', 'list', '--user'], /--user/],
    ['a limit that is none', ['sessions', 'list', '--limit', '0'], /--limit/],
    ['a word too much', ['doctor', 'who'], /who/],
    ['nobody to end', ['sessions', 'end'], /--user/],
    ['a user and a session', ['sessions', 'end', 'id', '--user', 'ada'], /--user/],
    ['what is to be kept of nobody', ['sessions', 'end', 'id', '--except', 'id'], /--except/],
    ['a method of nobody', ['methods', 'unlock', 'ada'], /user and the method/],
    ['two ways to migrate', ['migrate', '--check', '--sql'], /one of/],
  ] as const) {
    it(`ends with 2, and says why, for ${what}`, async () => {
      const { status, stdout, stderr } = await call(...args);
      assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
      assert.match(stderr, message);
    });
  }
});
