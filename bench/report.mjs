import { readFileSync, writeFileSync } from 'node:fs';

const BEGIN = '<!-- written by `npm run bench`: begin -->';
const END = '<!-- written by `npm run bench`: end -->';

export function table(columns, lines) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...lines.map(line)].join('\n');
}

/** The rows that were promised, met or not. */
export function promises(parts) {
  const lines = parts.flatMap(({ rows }) =>
    rows.map(({ what, target, value, met }) => [what, target, value, met ? 'met' : '**not met**']),
  );
  return table(['what', 'promised', 'measured', ''], lines);
}

export function details(parts) {
  const tables = parts.filter(({ lines }) => lines !== undefined);
  return tables.map(({ title, columns, lines }) => `**${title}**\n\n${table(columns, lines)}`).join('\n\n');
}

/** Puts a text between the two marks of a page. */
export function writeBetweenMarks(page, text) {
  const path = new URL(`../${page}`, import.meta.url);
  const [before, after] = readFileSync(path, 'utf8').split(new RegExp(`(?<=${BEGIN})[^]*(?=${END})`));
  if (after === undefined) throw new Error(`${page} has no marks for the figures.`);
  writeFileSync(path, `${before}\n\n${text}\n\n${after}`);
}
