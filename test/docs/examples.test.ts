import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { root } from '../repository/root.js';
import { codeBlocks, read } from './markdown.js';

// Inside the package, so that `stepgate` in an example is this very package, as it is built.
const folder = join(root, '.build/examples');

const tsconfig = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    moduleDetection: 'force',
    noEmit: true,
  },
  include: ['.'],
};

const pages = ['README.md', 'SECURITY.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
const blocks = pages
  .filter((page) => page.endsWith('.md'))
  .flatMap((page) => codeBlocks(read(page), 'ts').map((block) => ({ page, ...block })));

describe('the examples of the docs', () => {
  it('compile under strict rules against the built package', () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    cpSync(join(root, 'docs/examples.d.ts'), join(folder, 'examples.d.ts'));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    for (const { page, line, text } of blocks) {
      // Blank lines in front give the compiler's messages the lines of the page.
      writeFileSync(join(folder, `${page.replace('/', '-')}-${line}.ts`), '\n'.repeat(line - 1) + text);
    }
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(stdout, '');
    assert.equal(status, 0);
    assert.notEqual(blocks.length, 0);
  });
});
