import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { german } from '../../lib/browser/dialog/de.js';
import { english } from '../../lib/browser/dialog/index.js';
import { root } from '../repository/root.js';
import { read } from './markdown.js';

const page = read('docs/dialog.md');
const source = (file: string): string => readFileSync(join(root, 'lib/browser/dialog', file), 'utf8');
const sorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].sort();
const all = (text: string, pattern: RegExp): readonly string[] =>
  sorted(Array.from(text.matchAll(pattern), ([, name = '']) => name));

describe('docs/dialog.md', () => {
  it('names every custom property of the style sheet', () => {
    const table = page.slice(page.indexOf('| custom property |'), page.indexOf('```css'));
    assert.deepEqual(all(table, /`(--stepgate-[\w-]+)`/g), all(source('style.ts'), /var\((--stepgate-[\w-]+)/g));
  });

  it('names every part', () => {
    const [, list = ''] = /^Its parts: (.*?)\.$/ms.exec(page) ?? [];
    assert.deepEqual(all(list, /`([\w-]+)`/g), all(source('open.ts'), /element\('\w+', '([\w-]+)'/g));
  });

  it('names every option', () => {
    const [, members = ''] = /interface StepUpDialogOptions \{(.*?)\n\}/s.exec(source('index.ts')) ?? [];
    const table = page.slice(page.indexOf('| option |'), page.indexOf('```js\nimport { english'));
    assert.deepEqual(all(table, /^\| `(\w+)` \|/gm), all(members, /^ {2}readonly (\w+)\?/gm));
  });
});

describe('the words of the dialog', () => {
  it('are there in German as in English', () => {
    assert.deepEqual(shapeOf(german), shapeOf(english));
  });
});

/** The names of all words, with those of the objects in it. */
function shapeOf(words: object): readonly string[] {
  const inner = Object.entries(words).flatMap(([name, word]) =>
    typeof word === 'object' && word !== null ? shapeOf(word).map((of) => `${name}.${of}`) : [name],
  );
  return sorted(inner);
}
