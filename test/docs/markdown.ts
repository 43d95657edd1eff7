import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../repository/root.js';

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The text under each heading of the second level, by the heading. */
export function sections(markdown: string): ReadonlyMap<string, string> {
  const parts = markdown.split(/^## /m).slice(1);
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n'))]));
}

/** The tables of a text by the name of their first column; each row by its first cell, backticks taken off. */
export function tables(markdown: string): ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, ReadonlyMap<string, readonly string[]>>();
  for (const [table] of markdown.matchAll(/^\|.*\|$(?:\n\|.*\|$)+/gm)) {
    const [head, _rule, ...rows] = table.split('\n').map(cells);
    found.set(plain(head?.[0] ?? ''), new Map(rows.map(([first = '', ...rest]) => [plain(first), rest])));
  }
  return found;
}

export const plain = (cell: string): string => cell.replaceAll('`', '');

function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

export interface CodeBlock {
  /** The line of its first line, from 1. */
  readonly line: number;
  readonly text: string;
}

/** The fenced blocks of a language. */
export function codeBlocks(markdown: string, language: string): readonly CodeBlock[] {
  const fenced = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms');
  return [...markdown.matchAll(fenced)].map((match) => ({
    line: markdown.slice(0, match.index).split('\n').length + 1,
    text: match[1] ?? '',
  }));
}
