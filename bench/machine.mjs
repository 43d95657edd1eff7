import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem } from 'node:os';

const require = createRequire(import.meta.url);
const ours = createRequire(new URL('../package.json', import.meta.url));

/** Who measured, and what was measured. */
export function describeMachine() {
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
  const installed = Object.keys(dependencies).map((name) => `${name} ${versionOf(require, name)}`);
  for (const name of ['better-sqlite3', 'pg', 'redis', 'ioredis', '@simplewebauthn/server']) {
    const [a, b] = [versionOf(require, name), versionOf(ours, name)];
    if (a !== b) throw new Error(`${name} is ${a} for the others and ${b} for stepgate: install the same.`);
  }
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const wrk = execFileSync('sh', ['-c', 'wrk -v 2>&1 | head -1; true'], { encoding: 'utf8' })
    .split(' ')
    .slice(0, 2)
    .join(' ');
  return [
    `${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release().split('-')[0]}`,
    `Node ${process.versions.node}, SQLite of better-sqlite3, ${wrk}; stepgate ${commit}`,
    installed.join(', '),
  ];
}

function versionOf(from, name) {
  const path = from.resolve.paths(name).map((folder) => `${folder}/${name}/package.json`);
  for (const file of path) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')).version;
    } catch {}
  }
  throw new Error(`${name} isn't installed: run \`npm install\` in bench/.`);
}
