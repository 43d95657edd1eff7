// Writes docs/reference.md: every name that the package exports, as its types say, with the first sentence of its comment.
//   npm run reference
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BROWSER_ENTRIES, ENTRIES } from './entries.mjs';

const TYPES = fileURLToPath(new URL('../dist/esm/types', import.meta.url));
const DECLARED = `(?:declare )?(?:abstract )?(?:function|const|class|interface|type)`;

const KINDS = { function: 'A function.', const: 'A value.', class: 'A class.', interface: 'A type.', type: 'A type.' };

const HEAD = `# Reference

Every name that the package exports, by subpath, with what its types say of it first: \`npm run reference\` writes
this page. Your editor shows the whole of each comment, with defaults and errors. How the parts go together is in the
guides; [options](options.md), [routes](http-api.md), [errors](errors.md), [events](events.md) and the
[command line](command-line.md) have pages of their own.
`;

/** The whole page. */
export function reference() {
  const parts = Object.entries({ ...ENTRIES, ...BROWSER_ENTRIES }).map(([subpath, module]) => {
    const rows = [...exportsOf(`${module}.d.ts`)].sort(([a], [b]) => (a < b ? -1 : 1)).map(rowOf);
    const title = subpath === '.' ? 'stepgate' : `stepgate/${subpath.slice('./'.length)}`;
    return `## \`${title}\`\n\n| name | is |\n| --- | --- |\n${rows.join('\n')}\n`;
  });
  return [HEAD, ...parts].join('\n');
}

function read(file) {
  return readFileSync(join(TYPES, file), 'utf8');
}

/** What a module exports: the text and the place of each declaration by its name. */
function exportsOf(file) {
  const source = read(file);
  const found = new Map();
  for (const [, name] of source.matchAll(new RegExp(`^export ${DECLARED} (\\w+)`, 'gm'))) {
    found.set(name, { file, name });
  }
  for (const [, from] of source.matchAll(/^export (?:type )?\* from '(.*)\.js';/gm)) {
    for (const [name, at] of exportsOf(join(dirname(file), `${from}.d.ts`))) found.set(name, at);
  }
  for (const [, list, from] of source.matchAll(/^export (?:type )?\{([^{}]*)\}(?: from '([^']*)\.js')?;/gms)) {
    for (const item of list.split(',').map((text) => text.trim().replace(/^type /, ''))) {
      if (item === '') continue;
      const [inner, outer = inner] = item.split(' as ');
      found.set(outer, declaration(from === undefined ? file : join(dirname(file), `${from}.d.ts`), inner));
    }
  }
  return found;
}

/** Where a name is declared that a module exports or imports. */
function declaration(file, name) {
  const source = read(file);
  if (new RegExp(`^(?:export )?${DECLARED} ${name}\\b`, 'm').test(source)) return { file, name };
  for (const [, list, from] of source.matchAll(/^(?:import|export) (?:type )?\{([^{}]*)\} from '([^']*)\.js';/gms)) {
    for (const item of list.split(',').map((text) => text.trim().replace(/^type /, ''))) {
      const [inner, outer = inner] = item.split(' as ');
      if (outer === name) return declaration(join(dirname(file), `${from}.d.ts`), inner);
    }
  }
  throw new Error(`${file} exports ${name}, which is declared nowhere.`);
}

function rowOf([name, at]) {
  const source = read(at.file);
  const start = new RegExp(`^(?:export )?(${DECLARED}) ${at.name}\\b`, 'm').exec(source);
  const comment = /\/\*\*((?:(?!\*\/).)*)\*\/\s*$/s.exec(source.slice(0, start.index))?.[1] ?? '';
  const rest = source.slice(start.index);
  const body = /^[^\n]*\{\n.*?^\}|^[^\n]*/ms.exec(rest)?.[0] ?? '';
  const members = [...body.matchAll(/^ {4}(?:readonly )?'?([\w.-]+)'?(\??)[:(<]/gm)].map(
    ([, member, optional]) => `\`${member}${optional}\``,
  );
  const kind = start[1].replace(/declare |abstract /g, '');
  const said = sentence(comment) || (kind === 'type' ? typeText(body) : '');
  const unique = [...new Set(members)].filter((member) => member !== '`constructor`');
  const list = unique.length === 0 || kind === 'function' ? '' : `Members: ${unique.join(', ')}`;
  return `| \`${name}${kind === 'function' ? '()' : ''}\` | ${[said, list].filter(Boolean).join(' ') || KINDS[kind]} |`;
}

/** The first one of a comment, on one line, as a cell of a table. */
function sentence(comment) {
  const text = comment
    .replaceAll(/^\s*\* ?/gm, '')
    .split(/^@/m)[0]
    .replaceAll(/\s+/g, ' ')
    .trim();
  return cell(/^.*?\.(?= |$)/.exec(text)?.[0] ?? text);
}

/** What a short type is, or nothing. */
function typeText(body) {
  const text = body.replace(/^[^=]*= /, '').replace(/;$/, '');
  return text.includes('\n') || text.length > 120 || text === body ? '' : `\`${cell(text)}\``;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replace(/^\*\*|`$^/g, '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../docs/reference.md', import.meta.url), reference());
}
