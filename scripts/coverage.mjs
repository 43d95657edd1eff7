// Runs `npm test` and reports the coverage of lib/, by its copy in .build/: in threads and in child processes alike.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

rmSync('coverage', { recursive: true, force: true });
run('npm', ['test'], { ...process.env, NODE_V8_COVERAGE: resolve('coverage/tmp') });

// A module of types only is never loaded, and c8 would count each of its lines as missed.
const typesOnly = readdirSync('.build/lib', { recursive: true, encoding: 'utf8' })
  .map((path) => join('.build/lib', path))
  .filter((path) => path.endsWith('.js') && withoutComments(readFileSync(path, 'utf8')) === 'export {};');
const c8 = fileURLToPath(import.meta.resolve('c8/bin/c8.js'));
run(process.execPath, [c8, 'report', ...typesOnly.flatMap((path) => ['--exclude', path])], process.env);

function run(command, args, env) {
  const { status } = spawnSync(command, args, { env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function withoutComments(source) {
  return source.replaceAll(/\/\*[\s\S]*?\*\/|^\/\/.*$/gm, '').trim();
}
