// Tries the package as its users get it: packed, unpacked into each project of test/consumers and used through its
// exports. Our own packages are linked from here, so that nothing is built; test runners, bundlers, compilers and NestJS
// are those of test/consumers/package.json.
//   npm run consumers
//   npm run consumers -- jest bundled    # the projects whose names begin so
//   npm run consumers -- --all           # also with more settings of the compilers, and on Node 22 and 24 as npm brings them
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const PROJECTS = resolve('test/consumers');
const TOOLS = join(PROJECTS, 'node_modules');
const BETTER_AUTH = join(PROJECTS, 'better-auth');
const OTHER_NODES = ['22', '24'];

const { values, positionals: wanted } = parseArgs({ options: { all: { type: 'boolean' } }, allowPositionals: true });
const isWanted = (name) => wanted.length === 0 || wanted.some((part) => name.startsWith(part));

const SERVERS = ['connect-esm', 'express4-commonjs', 'express5-typescript', 'nestjs'];
const SUITES = ['jest-commonjs', 'jest-esm', 'jest-swc', 'jest-typescript', 'mocha', 'vitest'];

// The oldest, that of most projects and the newest, each with settings of `module`: in a package of ES modules, or of
// CommonJS where they end so.
const COMPILERS = {
  'typescript-5.4': ['commonjs', 'node16-commonjs'],
  typescript: ['nodenext'],
  'typescript-7': ['nodenext', 'nodenext-commonjs', 'bundler'],
};
const MORE_SETTINGS = {
  'typescript-5.4': ['node16', 'bundler'],
  typescript: ['commonjs', 'nodenext-commonjs', 'bundler'],
};

installTools(PROJECTS);
const folder = mkdtempSync(join(tmpdir(), 'stepgate-consumers-'));
try {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { encoding: 'utf8' });
  const tarball = join(folder, JSON.parse(packed.slice(packed.indexOf('[')))[0].filename);
  await tryAll(tarball, { node: process.execPath });
  await tryIf('bundled', () => tryBundles(tarball));
  await tryIf('types', () => tryTypes(tarball));
  await tryIf('moving-in', () => tryMovingIn(tarball));
  await tryIf('beside-better-auth', () => tryBesideBetterAuth(tarball));
  for (const version of values.all ? OTHER_NODES : []) await tryAll(tarball, otherNode(version), ` on Node ${version}`);
} finally {
  rmSync(folder, { recursive: true });
}

function installTools(cwd) {
  if (existsSync(join(cwd, 'node_modules'))) return;
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd, stdio: 'inherit' });
}

async function tryAll(tarball, runtime, on = '') {
  for (const name of SERVERS) {
    await tryIf(`${name}${on}`, async () => {
      const project = install(name, tarball, runtime);
      compile(project);
      await use(project, 'app.js', runtime);
    });
  }
  await tryIf(`express4-commonjs as pnpm lays it out${on}`, async () => {
    const project = install('express4-commonjs', tarball, { ...runtime, layout: 'pnpm' });
    await use(project, 'app.js', runtime);
  });
  await tryIf(`express-session-commonjs${on}`, async () => {
    const project = install('express-session-commonjs', tarball, runtime);
    await use(project, 'app.js', runtime, stepUpBesideSession);
  });
  for (const name of SUITES)
    await tryIf(`${name}${on}`, () => runSuite(install(name, tarball, runtime), name, runtime));
}

async function tryIf(name, attempt) {
  if (!isWanted(name)) return;
  const start = performance.now();
  await attempt();
  console.log(`consumers: ${name} works (${((performance.now() - start) / 1_000).toFixed(1)} s)`);
}

/** Copies the project and gives it its packages. `packages`: paths of those that aren't the installed ones. */
function install(name, tarball, { packages = {}, layout = 'npm' }) {
  const project = mkdtempSync(join(folder, `${name}-`));
  cpSync(join(PROJECTS, name), project, { recursive: true });
  const target = join(project, layout === 'pnpm' ? 'node_modules/.pnpm/stepgate/node_modules' : 'node_modules');
  const unpacked = join(target, 'stepgate');
  mkdirSync(unpacked, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
  const manifest = readManifest(unpacked);
  const own = readManifest(project);
  const asked = { ...own.dependencies, ...own.devDependencies };
  const peers = Object.entries(manifest.peerDependencies).filter(([peer]) => peer in asked);
  for (const [dependency, range] of [...Object.entries(manifest.dependencies), ...peers]) {
    link(dependency, range, target, packages);
  }
  if (layout === 'pnpm') symlinkSync(unpacked, join(project, 'node_modules/stepgate'));
  for (const [dependency, range] of Object.entries(asked)) {
    if (dependency !== 'stepgate') link(dependency, range, join(project, 'node_modules'), packages);
  }
  return project;
}

/** Links the package, or the one installed under an alias with its major version: `express-4`. */
function link(name, range, modules, packages) {
  const target = join(modules, name);
  if (existsSync(target)) return;
  const major = /\d+/.exec(range)?.[0];
  const source =
    packages[name] ??
    [TOOLS, join(BETTER_AUTH, 'node_modules'), resolve('node_modules')]
      .flatMap((from) => [join(from, name), join(from, `${name}-${major}`)])
      .find((path) => existsSync(path) && readManifest(path).version.startsWith(`${major}.`));
  assert(source, `${name} ${range} isn't installed here`);
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(source, target);
}

function readManifest(of) {
  return JSON.parse(readFileSync(join(of, 'package.json'), 'utf8'));
}

function compile(project) {
  if (!existsSync(join(project, 'tsconfig.json'))) return;
  execFileSync(process.execPath, [join(project, 'node_modules/typescript/bin/tsc')], {
    cwd: project,
    stdio: 'inherit',
  });
}

/** Runs the project's own test command on the tests that all of them share. */
function runSuite(project, name, { node }) {
  const { scripts } = readManifest(project);
  const tests = readFileSync(join(PROJECTS, 'shared/instance.test.js'), 'utf8');
  // Who writes CommonJS writes it so; swc and ts-jest make it of ES modules themselves.
  const asWritten =
    name === 'jest-commonjs' ? tests.replaceAll(/^import (.+) from ('.+');$/gm, 'const $1 = require($2);') : tests;
  writeFileSync(join(project, `instance.test.${name === 'jest-typescript' ? 'ts' : 'js'}`), asWritten);
  const { status, stdout, stderr } = spawnSync('sh', ['-c', scripts.test], {
    cwd: project,
    encoding: 'utf8',
    env: { ...environment(node), CI: 'true' },
    timeout: 120_000,
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.doesNotMatch(`${stdout}${stderr}`, /open handle|did not exit|worker process has failed/i);
}

/** Nothing of what the shell of a developer has set, but the way to Node and the runners. */
function environment(node) {
  return { PATH: [dirname(node), join(TOOLS, '.bin'), process.env.PATH].join(':'), HOME: folder };
}

async function tryBundles(tarball) {
  const project = install('bundled', tarball, {});
  const bundling = spawnSync(process.execPath, ['bundle.mjs'], { cwd: project, encoding: 'utf8' });
  assert.equal(bundling.status, 0, `${bundling.stdout}${bundling.stderr}`);
  const bundles = readdirSync(project).filter((name) => /^(?:esbuild|webpack|rollup|ncc)/.test(name));
  assert.equal(bundles.length, 8);
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  for (const name of bundles.filter((bundle) => bundle !== 'esbuild-external'))
    renameSync(join(project, name), join(elsewhere, name));
  // A bundler may have noted where the package was.
  renameSync(join(project, 'node_modules/stepgate'), join(folder, 'moved'));
  for (const name of readdirSync(elsewhere)) {
    const file = readdirSync(join(elsewhere, name)).find((path) => path.startsWith('app.'));
    // Not by starting it: Node quotes the line that threw, which is the whole of a minified bundle.
    const load = `import(${JSON.stringify(join(elsewhere, name, file))}).catch((error) => console.log(String(error)))`;
    const missing = execFileSync(process.execPath, ['--eval', load], { encoding: 'utf8' });
    assert.match(missing, /^SetupError: .*needs better-sqlite3.*beside its bundle/, name);
    link('better-sqlite3', '12', join(elsewhere, name, 'node_modules'), {});
    await use(join(elsewhere, name), file, { node: process.execPath });
    console.log(`consumers: ${name} starts alone`);
  }
  renameSync(join(folder, 'moved'), join(project, 'node_modules/stepgate'));
  link('better-sqlite3', '12', join(project, 'node_modules'), {});
  await use(join(project, 'esbuild-external'), 'app.mjs', { node: process.execPath });
}

/** With the functions that the guide shows, as they stand there. */
function tryMovingIn(tarball) {
  installTools(BETTER_AUTH);
  const project = install('moving-in', tarball, {});
  const guide = readFileSync('docs/moving-in.md', 'utf8');
  writeFileSync(join(project, 'move.js'), /```js\n(.*?)```/s.exec(guide)[1]);
  execFileSync(process.execPath, ['app.js'], { cwd: project, stdio: 'inherit' });
}

/** The same. */
function tryBesideBetterAuth(tarball) {
  installTools(BETTER_AUTH);
  const project = install('beside-better-auth', tarball, {});
  const [, guide] = readFileSync('docs/your-sessions.md', 'utf8').split(/^## better-auth$/m);
  writeFileSync(join(project, 'instance.js'), /```js\n(.*?)```/s.exec(guide)[1]);
  const env = { PATH: process.env.PATH, STEPGATE_SECRET: 'a secret of at least thirty-two bytes' };
  execFileSync(process.execPath, ['app.js'], { cwd: project, stdio: 'inherit', env });
}

function tryTypes(tarball) {
  for (const [compiler, few] of Object.entries(COMPILERS)) {
    const settings = [...few, ...((values.all && MORE_SETTINGS[compiler]) || [])];
    const tsc = join(
      compiler === 'typescript-7' ? resolve('node_modules/typescript') : join(TOOLS, compiler),
      'bin/tsc',
    );
    for (const setting of settings) {
      const [module] = setting.split('-');
      const project = install('types', tarball, {});
      const type = /commonjs/.test(setting) ? 'commonjs' : 'module';
      writeFileSync(join(project, 'package.json'), JSON.stringify({ ...readManifest(project), type }));
      const resolution = { commonjs: 'node10', bundler: 'bundler' }[module] ?? module;
      const flags = ['--module', module === 'bundler' ? 'es2022' : module, '--moduleResolution', resolution];
      const common = [
        '--target',
        'es2022',
        '--strict',
        '--esModuleInterop',
        '--skipLibCheck',
        'false',
        '--types',
        'node',
      ];
      const options = { cwd: project, encoding: 'utf8' };
      for (const file of ['use.ts', 'own-auth.ts']) {
        const { status, stdout } = spawnSync(process.execPath, [tsc, '--noEmit', ...common, ...flags, file], options);
        assert.equal(status, 0, `${compiler}, ${setting}: ${stdout}`);
      }
    }
  }
}

/** A Node of another version as npm packs it, with a better-sqlite3 that runs on it as it is packed. */
function otherNode(version) {
  const npx = (...args) => execFileSync('npx', ['-y', '-p', `node@${version}`, ...args], { encoding: 'utf8' }).trim();
  const node = npx('node', '-p', 'process.execPath');
  const modules = join(folder, `for-node-${version}`);
  mkdirSync(modules);
  writeFileSync(join(modules, 'package.json'), '{}');
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', 'better-sqlite3@13'], {
    cwd: modules,
  });
  return { node, packages: { 'better-sqlite3': realpathSync(join(modules, 'node_modules/better-sqlite3')) } };
}

/** Uses an app that the project starts; it must have ended by itself after SIGTERM, and have nothing to complain about. */
async function use(project, file, { node }, visit = signInAndStepUp) {
  const child = spawn(node, [file], {
    cwd: project,
    env: { PATH: process.env.PATH, STEPGATE_SECRET: 'a secret of at least thirty-two bytes' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints = (complaints + text).slice(-2_000); // a minified bundle is quoted in whole
  });
  try {
    const [port] = await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), ended.then(() => [null])]);
    assert(port, `the app ended at once: ${complaints}`);
    const jar = new Map();
    const send = async (method, path, body) => {
      const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
      const headers = { cookie, 'sec-fetch-site': 'same-origin', ...(body && { 'content-type': 'application/json' }) };
      const url = `http://localhost:${port.trim()}${path}`;
      const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (value === '') jar.delete(name);
        else jar.set(name, value);
      }
      return answer;
    };
    await visit(send, () => complaints);
  } finally {
    child.kill('SIGTERM');
  }
  const [code] = await ended;
  assert.equal(code, 0, `the app ended with ${code}: ${complaints}`);
  assert.equal(complaints, '');
}

async function signInAndStepUp(send, complaints) {
  assert.equal((await send('GET', '/me')).status, 401);
  const login = await send('POST', '/login');
  assert.equal(login.status, 200, `${await login.text()}${complaints()}`);
  const me = await send('GET', '/me');
  assert.equal(me.status, 200);
  assert.deepEqual(await me.json(), { userId: 'u1' });

  await confirmTransfer(send);

  const { sessions } = await (await send('GET', '/auth/sessions')).json();
  assert.deepEqual(
    sessions.map(({ userId, current }) => ({ userId, current })),
    [{ userId: 'u1', current: true }],
  );
  assert.equal((await send('DELETE', `/auth/sessions/${sessions[0].id}`)).status, 204);
  assert.equal((await send('GET', '/me')).status, 401);
}

/** The same on a session that the app keeps. */
async function stepUpBesideSession(send, complaints) {
  assert.equal((await send('GET', '/me')).status, 401);
  const login = await send('POST', '/login', { username: 'u1', password: 'sesame' });
  assert.equal(login.status, 200, `${await login.text()}${complaints()}`);
  assert.deepEqual(await (await send('GET', '/me')).json(), { userId: 'u1' });
  await confirmTransfer(send);
  assert.equal((await send('POST', '/auth/logout')).status, 204);
  assert.equal((await send('GET', '/me')).status, 401);
}

async function confirmTransfer(send) {
  const asked = await send('POST', '/transfers');
  assert.equal(asked.status, 401);
  const { challenge } = await asked.json();
  const proof = { method: 'password', challengeId: challenge.id, response: { password: 'sesame' } };
  assert.equal((await send('POST', '/auth/step-up/verify', proof)).status, 200);
  assert.equal((await send('POST', '/transfers')).status, 200);
  assert.equal((await send('POST', '/transfers')).status, 401);
}
