import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { COMMANDS, COMMON_OPTIONS, VERSION_OPTION } from '../../lib/cli/run.js';
import { read, tables } from './markdown.js';

const documented = tables(read('docs/command-line.md'));

describe('docs/command-line.md', () => {
  it('has a row for each command', () => {
    assert.deepEqual([...(documented.get('command') ?? new Map()).keys()], Object.keys(COMMANDS));
  });

  it('has a row for each option, with the commands that take it', () => {
    const taken = new Map<string, string[]>();
    for (const [command, { options = {} }] of Object.entries(COMMANDS)) {
      for (const [name, { value }] of Object.entries(options)) {
        const option = `--${name}${value === undefined ? '' : ` <${value}>`}`;
        taken.set(option, [...(taken.get(option) ?? []), command]);
      }
    }
    for (const [options, of] of [
      [COMMON_OPTIONS, 'all'],
      [VERSION_OPTION, 'none'],
    ] as const) {
      for (const [name, { value, short }] of Object.entries(options)) {
        taken.set(`--${name}${value === undefined ? '' : ` <${value}>`}, -${short}`, [of]);
      }
    }
    const rows = [...(documented.get('option') ?? new Map<string, readonly string[]>())];
    const said = rows.map(([option, [of = '']]) => [option, of.replaceAll('`', '').split(', ')] as const);
    assert.deepEqual(new Map(said), taken);
  });
});
