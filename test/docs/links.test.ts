import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from '@jest/globals';
import { root } from '../repository/root.js';
import { read } from './markdown.js';

const pages = ['.', 'docs', 'docs/decisions', 'example-app'].flatMap(markdownIn);

describe('the links of the docs', () => {
  for (const page of pages) {
    it(`of ${page} lead to files and headings that exist`, () => {
      const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
      const dead = links.filter((target) => !/^https?:/.test(target) && !exists(page, target));
      assert.deepEqual(dead, []);
    });
  }

  it('lead to every picture', () => {
    const texts = pages.map(read);
    const unnamed = readdirSync(join(root, 'docs/images')).filter(
      (image) => !texts.some((text) => text.includes(`images/${image})`)),
    );
    assert.deepEqual(unnamed, []);
  });

  it('lead from README.md to every page of docs/', () => {
    const readme = read('README.md');
    for (const page of markdownIn('docs')) assert.ok(readme.includes(`(${page})`), `README.md has no link to ${page}`);
  });
});

function markdownIn(folder: string): string[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'));
  return names.map((name) => join(folder, name));
}

function exists(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  return existsSync(join(root, file)) && (anchor === undefined || anchorsOf(file).has(anchor));
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```.*?^```$/gms, '').replace(/`[^`]*`/g, '');
}

/** The anchors that GitHub gives to headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = read(page).replace(/^```.*?^```$/gms, '');
  return new Set(
    [...headings.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}
