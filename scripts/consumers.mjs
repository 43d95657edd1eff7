// Tries the package as its users get it: packed, unpacked into each project of test/consumers and used through its
// exports. The other packages are linked from here, so that this needs no network and builds nothing.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const PROJECTS = resolve('test/consumers');
const folder = mkdtempSync(join(tmpdir(), 'stepgate-consumers-'));
try {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { encoding: 'utf8' });
  const tarball = join(folder, JSON.parse(packed.slice(packed.indexOf('[')))[0].filename);
  for (const name of readdirSync(PROJECTS)) {
    const project = install(name, tarball);
    if (existsSync(join(project, 'tsconfig.json')))
      execFileSync(resolve('node_modules/.bin/tsc'), { cwd: project, stdio: 'inherit' });
    await use(project);
    console.log(`consumers: ${name} works`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

function install(name, tarball) {
  const project = join(folder, name);
  cpSync(join(PROJECTS, name), project, { recursive: true });
  const unpacked = join(project, 'node_modules/stepgate');
  mkdirSync(unpacked, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
  const own = readManifest(project);
  const wanted = { ...readManifest(unpacked).dependencies, ...own.dependencies, ...own.devDependencies };
  delete wanted.stepgate;
  for (const [dependency, range] of Object.entries(wanted)) link(dependency, range, project);
  return project;
}

/** Links the package, or the one installed under an alias with its major version: `express-4`. */
function link(name, range, project) {
  const major = /\d+/.exec(range)?.[0];
  const source = [name, `${name}-${major}`]
    .map((path) => resolve('node_modules', path))
    .find((path) => existsSync(path) && readManifest(path).version.startsWith(`${major}.`));
  assert(source, `${name} ${range} isn't installed here`);
  const target = join(project, 'node_modules', name);
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(source, target);
}

function readManifest(of) {
  return JSON.parse(readFileSync(join(of, 'package.json'), 'utf8'));
}

/** Signs in, lists, logs out; the app must have ended by itself after SIGTERM, and have nothing to complain about. */
async function use(project) {
  const child = spawn(process.execPath, ['app.js'], {
    cwd: project,
    env: { PATH: process.env.PATH, STEPGATE_SECRET: 'a secret of at least thirty-two bytes' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text;
  });
  try {
    const [port] = await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), ended.then(() => [null])]);
    assert(port, `the app ended at once: ${complaints}`);
    const send = (method, path, cookie = '') =>
      fetch(`http://localhost:${port.trim()}${path}`, { method, headers: { cookie, 'sec-fetch-site': 'same-origin' } });

    assert.equal((await send('GET', '/me')).status, 401);
    const login = await send('POST', '/login');
    assert.equal(login.status, 200, await login.text());
    const cookie = login.headers
      .getSetCookie()
      .find((line) => line.startsWith('session='))
      .split(';')[0];
    const me = await send('GET', '/me', cookie);
    assert.equal(me.status, 200);
    assert.deepEqual(await me.json(), { userId: 'u1' });
    const { sessions } = await (await send('GET', '/auth/sessions', cookie)).json();
    assert.deepEqual(
      sessions.map(({ userId, current }) => ({ userId, current })),
      [{ userId: 'u1', current: true }],
    );
    assert.equal((await send('POST', '/auth/logout', cookie)).status, 204);
    assert.equal((await send('GET', '/me', cookie)).status, 401);
  } finally {
    child.kill('SIGTERM');
  }
  const [code] = await ended;
  assert.equal(code, 0, `the app ended with ${code}: ${complaints}`);
  assert.equal(complaints, '');
}
