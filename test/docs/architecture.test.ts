import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { root } from '../repository/root.js';
import { codeBlocks, plain, read, sections } from './markdown.js';

const page = read('docs/architecture.md');
const steps = [...page.matchAll(/^\| (`[\w/.-]+\.ts`) \| (`[^|]*`) \|/gm)].map(([, file = '', names = '']) => ({
  file: plain(file),
  names: plain(names).split(', '),
}));

describe('docs/architecture.md', () => {
  it('walks through three requests', () => {
    const walks = [...sections(page)].filter(([, text]) => text.includes('| file | in it | does |'));
    assert.deepEqual(
      walks.map(([title]) => title),
      ['A cookie through `requireSession`', '`POST /step-up/verify`', 'A confirmed request'],
    );
    assert.ok(steps.length > 25);
  });

  for (const { file, names } of steps) {
    it(`finds ${names.join(', ')} in ${file}`, () => {
      const source = read(`lib/${file}`);
      for (const name of names) assert.ok(new RegExp(`\\b${name}\\b`).test(source), name);
    });
  }

  it('has a picture of every folder and top module of lib', () => {
    const [{ text: map } = { text: '' }] = codeBlocks(page, 'mermaid');
    for (const entry of readdirSync(join(root, 'lib'))) assert.ok(map.includes(entry), `${entry} isn't on the map`);
  });

  it('has only diagrams that mermaid can read', () => {
    const diagrams = codeBlocks(page, 'mermaid').map(({ text }) => text);
    assert.equal(diagrams.length, 5);
    const { stdout, stderr, status } = spawnSync(process.execPath, ['scripts/parse-mermaid.mjs'], {
      cwd: root,
      encoding: 'utf8',
      input: JSON.stringify([...diagrams, 'sequenceDiagram\n  A->>: nobody']),
    });
    assert.equal(status, 0, stderr);
    const answers: readonly (string | null)[] = JSON.parse(stdout);
    assert.deepEqual(
      answers.slice(0, -1),
      diagrams.map(() => null),
    );
    assert.match(answers.at(-1) ?? '', /Parse error/);
  });

  it('leads to every decision, each with what was decided and why', () => {
    for (const file of readdirSync(join(root, 'docs/decisions'))) {
      assert.ok(page.includes(`(decisions/${file})`), file);
      const text = read(`docs/decisions/${file}`);
      for (const part of ['Decided.', 'Why.']) assert.ok(text.includes(`**${part}**`), `${file} has no ${part}`);
      for (const [, path = ''] of text.matchAll(/`((?:lib|test|scripts)\/[\w/.-]*)`/g)) {
        assert.ok(existsSync(join(root, path)), `${file} names ${path}`);
      }
    }
  });
});
