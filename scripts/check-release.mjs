// Says whether the version in package.json can be released under this tag; `npm publish` can't be taken back.
//   node scripts/check-release.mjs v1.2.3 [folder]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ADDRESSES = [
  ['repository', 'provenance has nothing to compare with'],
  ['bugs', 'nobody finds where to report one'],
  ['homepage', "npm's page leads nowhere"],
];

const [tag, folder = '.'] = process.argv.slice(2);
const read = (file) => readFileSync(join(folder, file), 'utf8');
const { version, ...manifest } = JSON.parse(read('package.json'));
const sections = read('CHANGELOG.md').split(/^## /m).slice(1);
const unreleased = sections.find((section) => section.startsWith('[Unreleased]'));
const released = sections.find((section) => section.startsWith(`[${version}]`));

const problems = [];
if (tag !== `v${version}`) problems.push(`The tag is ${tag}, and package.json has ${version}.`);
if (JSON.parse(read('package-lock.json')).version !== version) problems.push('package-lock.json has another version.');
for (const [name, why] of ADDRESSES)
  if (manifest[name] === undefined) problems.push(`package.json has no \`${name}\`: ${why}.`);
if (!/^\[[^\]]+\] - \d{4}-\d{2}-\d{2}\n/.test(released ?? ''))
  problems.push(`CHANGELOG.md has no dated section for ${version}.`);
if (/^[-*] /m.test(unreleased ?? ''))
  problems.push(`CHANGELOG.md has entries under "Unreleased": move them to ${version}.`);

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
