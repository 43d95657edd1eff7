import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { read } from '../docs/markdown.js';
import { root } from '../repository/root.js';
import { type Packed, pack } from './project.js';

interface Entries {
  readonly ENTRIES: Readonly<Record<string, string>>;
  readonly BROWSER_ENTRIES: Readonly<Record<string, string>>;
  readonly COMMAND_LINE: Readonly<Record<string, string>>;
  fileOf(subpath: string): string;
}

describe('the packed package', () => {
  let packed: Packed;
  beforeAll(() => {
    packed = pack();
  });
  afterAll(() => packed.remove());

  it('has what each subpath needs, the docs, and nothing else', async () => {
    const script: unknown = await import(pathToFileURL(join(root, 'scripts/entries.mjs')).href);
    const { ENTRIES, BROWSER_ENTRIES, COMMAND_LINE, fileOf } = script as Entries; // a script has no types
    const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => `docs/${file}`);
    const meant = [
      'package.json',
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      ...docs.filter((file) => /\.(?:md|png)$/.test(file)),
      'dist/LICENSE-noble-hashes',
      'dist/cjs/package.json',
      ...Object.keys(ENTRIES).flatMap((subpath) => [
        `dist/esm/${fileOf(subpath)}.js`,
        `dist/cjs/${fileOf(subpath)}.js`,
      ]),
      ...Object.keys({ ...BROWSER_ENTRIES, ...COMMAND_LINE }).map((subpath) => `dist/esm/${fileOf(subpath)}.js`),
    ];
    const isMade = (file: string): boolean => /^dist\/(?:esm|cjs)\/(?:shared\/[\w-]+\.js|types\/.*\.d\.ts)$/.test(file);
    assert.deepEqual(
      packed.files.filter((file) => !isMade(file)),
      meant.sort(),
    );
    for (const module of Object.values(ENTRIES)) {
      for (const format of ['esm', 'cjs'])
        assert.ok(packed.files.includes(`dist/${format}/types/${module}.d.ts`), module);
    }
  });

  it('has no file that none of the others leads to, and none of the tests or of this repository', () => {
    const code = packed.files.filter((file) => file.endsWith('.js') || file.endsWith('.d.ts'));
    const named = new Set(
      code.flatMap((file) =>
        [...read(file).matchAll(/['"](\.{1,2}\/[\w./-]+)\.js['"]/g)].flatMap(([, path = '']) => {
          const target = join(dirname(file), path);
          return [`${target}.js`, `${target}.d.ts`];
        }),
      ),
    );
    const loose = code.filter((file) => /\/shared\//.test(file) && !named.has(file));
    assert.deepEqual(loose, []);
    for (const file of packed.files) assert.doesNotMatch(file, /\.test\.|(?:^|\/)test\/|\.map$|\.db$|secret/);
  });

  it('has every page that README.md and the docs lead to', () => {
    for (const page of packed.files.filter((file) => /^(?:README|docs\/.*)\.?.*\.md$|^README\.md$/.test(file))) {
      for (const [, target = ''] of read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
        if (/^https?:/.test(target)) continue;
        const path = join(dirname(page), target);
        assert.ok(packed.files.includes(path), `${page} leads to ${path}`);
      }
    }
  });
});
