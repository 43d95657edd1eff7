import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from '@jest/globals';
import { root } from '../repository/root.js';
import { read, sections, tables } from './markdown.js';

const guides = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md') && !['reference.md', 'architecture.md'].includes(name))
  .map((name) => read(`docs/${name}`))
  .join('\n');

/** Of a subpath: what the reference says of each name. */
const reference = new Map(
  [...sections(read('docs/reference.md'))].map(([subpath, text]) => {
    const rows = [...(tables(text).get('name') ?? new Map<string, readonly string[]>())];
    return [subpath, new Map(rows.map(([name, [about = '']]) => [name, about] as const))] as const;
  }),
);

function membersOf(about: string): readonly string[] {
  const [, list = ''] = /Members: (.*)$/.exec(about) ?? [];
  return [...list.matchAll(/`([\w.-]+)\??`/g)].map(([, name = '']) => name);
}

describe('docs/reference.md', () => {
  it('is what `npm run reference` makes of the types', async () => {
    const script: unknown = await import(pathToFileURL(join(root, 'scripts/reference.mjs')).href);
    const { reference: make } = script as { reference(): string }; // a script has no types
    assert.equal(read('docs/reference.md'), make());
  });

  it('has every subpath of the package', () => {
    const { exports }: { exports: Record<string, unknown> } = JSON.parse(read('package.json'));
    const subpaths = Object.keys(exports).filter((subpath) => subpath !== './package.json');
    assert.deepEqual([...reference.keys()].sort(), subpaths.map((subpath) => `\`stepgate${subpath.slice(1)}\``).sort());
  });
});

// What one calls or writes has to be told in words, beside a list of names.
describe('the guides', () => {
  for (const [subpath, names] of reference) {
    it(`tell of every function of ${subpath}`, () => {
      const functions = [...names.keys()].filter((name) => name.endsWith('()')).map((name) => name.slice(0, -2));
      assert.deepEqual(functions.filter(isMissing), []);
    });

    it(`tell of every option of ${subpath}, and of every call of an instance`, () => {
      const missing = [...names]
        .filter(([name]) =>
          /Options?$|^Stepgate$|Admin$|^(Client|Passkeys|Handles|Impersonation|StepUpCalls)$/.test(name),
        )
        .flatMap(([name, about]) => membersOf(about).map((member) => [name, member] as const))
        .filter(([, member]) => isMissing(member));
      assert.deepEqual(missing, []);
    });
  }
});

function isMissing(name: string): boolean {
  return !new RegExp(`\\b${name}\\b`).test(guides);
}
