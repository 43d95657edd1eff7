import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { memoryStore, type Policy } from '../../lib/index.js';
import { milliseconds } from '../../lib/internal/duration.js';
import { parseOptions } from '../../lib/options/index.js';
import { plain, read, tables } from './markdown.js';

const required = { secret: 's'.repeat(32), issuer: 'https://app.example', store: memoryStore() };
const documented = tables(read('docs/options.md'));

describe('the table of options in docs/options.md', () => {
  // A property of the interface, behind its doc comment if it has one.
  const declaration =
    /interface StepgateOptions[^{]*\{(.*?)\n\}/s.exec(read('dist/esm/types/options/index.d.ts'))?.[1] ?? '';
  const properties = [...declaration.matchAll(/(?:\/\*\*((?:(?!\*\/).)*)\*\/\s*)?readonly (\w+)(\??):/gs)];
  const table = documented.get('option') ?? new Map<string, readonly string[]>();

  it('has every option in the order of the code, and no other', () => {
    assert.notEqual(properties.length, 0);
    const names = properties.map(([, _comment, name]) => name);
    assert.deepEqual([...table.keys()], names);
  });

  for (const [, comment = '', name = '', optional] of properties) {
    it(`has the default of ${name}`, () => {
      const stated = /@default ([^\n]*?)\s*(?:\n|$)/.exec(comment)?.[1];
      const cell = plain(table.get(name)?.[0] ?? '');
      if (stated !== undefined) assert.equal(cell, plain(stated));
      else assert.equal(cell === 'required', optional === '', cell);
    });
  }

  it('has the durations that the code starts with', () => {
    const settings = new Map(Object.entries(parseOptions(required)));
    const durations = [...table].filter(([, [preset = '']]) => /^`'\d+[smhd]'`$/.test(preset));
    assert.notEqual(durations.length, 0);
    for (const [name, [preset]] of durations) assert.equal(settings.get(name), duration(preset), name);
  });
});

describe('the table of timeouts in docs/options.md', () => {
  const table = documented.get('policy') ?? new Map<string, readonly string[]>();

  it('has a row for each policy and one for none', () => {
    const policies = /type Policy = ([^;]+);/.exec(read('dist/esm/types/options/policies.d.ts'))?.[1]?.split(' | ');
    assert.deepEqual([...table.keys()], ['none', ...(policies ?? [])]);
  });

  for (const [policy, [idle, absolute, csrf, grace, overlap]] of table) {
    it(`has the settings of ${policy}`, () => {
      const settings = parseOptions(policy === 'none' ? required : { ...required, policy: unquoted(policy) as Policy }); // the test above compares the names
      const { idleLifetime, absoluteLifetime, refreshGrace, tokenOverlap } = settings;
      assert.deepEqual(
        { idleLifetime, absoluteLifetime, refreshGrace, tokenOverlap, csrf: settings.csrf },
        {
          idleLifetime: duration(idle),
          absoluteLifetime: duration(absolute),
          refreshGrace: duration(grace),
          tokenOverlap: duration(overlap),
          csrf: unquoted(csrf),
        },
      );
    });
  }
});

const unquoted = (cell = ''): string => plain(cell).replaceAll("'", '');

function duration(cell = ''): number {
  return cell === '`0`' ? 0 : milliseconds(unquoted(cell), 'cell');
}
