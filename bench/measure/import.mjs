import { execFileSync } from 'node:child_process';
import { settings } from '../settings.mjs';
import { median } from '../statistics.mjs';

const entry = new URL('../../dist/esm/index.js', import.meta.url).href;
const FORBIDDEN = ['@simplewebauthn/server', 'better-sqlite3', 'pg', 'redis', 'ioredis'];

const TIMED = `const start = performance.now(); await import(${JSON.stringify(entry)}); console.log(performance.now() - start);`;
// Modules of both kinds: what the loader is asked for, and what is in the cache of \`require\`.
const LISTED = `
  import { createRequire, register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(
    'export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }'));
  await import(${JSON.stringify(entry)});
  for (const path of Object.keys(createRequire(import.meta.url).cache)) process._rawDebug(path);`;

export function measureImport() {
  const times = Array.from({ length: settings.quick ? 3 : 15 }, () => Number(node(TIMED)));
  const loaded = node(`${LISTED}`, true);
  const wrong = FORBIDDEN.filter((name) => loaded.includes(`/node_modules/${name}/`));
  const time = median(times);
  return {
    rows: [
      {
        what: "`import 'stepgate'`, without @simplewebauthn/server, better-sqlite3, pg, redis",
        target: 'under 50 ms, none of them',
        value: `${time.toFixed(0)} ms, ${wrong.join(', ') || 'none'}`,
        met: time < 50 && wrong.length === 0 && loaded.includes('/dist/esm/index.js'),
      },
    ],
  };
}

function node(code, errors = false) {
  const args = ['--input-type=module', '--eval', code];
  const shell = ['sh', '-c', 'exec "$@" 2>&1', 'sh', process.execPath, ...args];
  return execFileSync(errors ? shell[0] : process.execPath, errors ? shell.slice(1) : args, { encoding: 'utf8' });
}
