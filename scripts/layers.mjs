// Checks the import directions of lib/, type-only imports included:
//   internal <- wire <- events <- stores/contract <- session, step-up <- http <- methods, adapters <- pages, options <- services <- stepgate <- index <- cli
// with the adapters of stores, conformance, testing and opentelemetry beside them. `node scripts/layers.mjs [folder]`
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { BUNDLED } from './entries.mjs';

const lib = process.argv[2] ?? 'lib';

// The owners (a file, or a folder ending in '/') of each third-party package: one, or two that need different things of it.
const OWNERS = {
  '@opentelemetry/api': 'opentelemetry/',
  '@noble/hashes': 'internal/tokens.ts',
  '@simplewebauthn/server': 'methods/passkey/',
  'better-sqlite3': 'stores/sqlite/',
  'body-parser': 'http/router.ts',
  cookie: 'http/credentials.ts',
  ioredis: 'stores/redis/',
  jiti: 'cli/config.ts',
  jsonwebtoken: 'session/access-token.ts, step-up/records.ts',
  otpauth: 'methods/totp/code.ts',
  pg: 'stores/postgres/',
  redis: 'stores/redis/',
  router: 'http/router.ts',
};

// A layer imports itself and the layers before it.
const CORE = [
  ['internal/'],
  ['wire.ts'],
  ['events.ts'],
  ['stores/contract/'],
  ['session/', 'step-up/', 'methods/method.ts'],
  ['http/'],
  ['methods/', 'adapters/'],
  ['pages/'],
  ['options/', 'copy/'],
  ['services.ts'],
  ['stepgate.ts'],
  ['index.ts', 'express.ts'],
  ['cli/'],
];
// A list of names: whatever is made there may ask for a part of it by its type.
const SERVICES = 'services.ts';
/** Each has a subpath of its own, and needs a package that only its users install. */
const SUBPATHS = ['methods/passkey/', 'methods/totp/', 'adapters/better-auth/', 'adapters/express-session.ts'];
/** Bundled on its own, with the types of the server's answers and none of its code. */
const BROWSER = 'browser/';
const ADAPTER = /^stores\/(?!contract\/)[^./]+/;
const PUBLIC = ['index.ts', 'events.ts', 'stores/contract/', 'internal/', 'session/proofs-for-tests.ts'];

// The sources are formatted, so that an import starts a line.
const STATIC = /^(?:import|export)\s+(type\s)?([\w\s{},*$]*?)from\s+'([^']+)'/gm;
// Where one ends, so that none is missed.
const FROM = /^(?:import|export|\}).*\bfrom\s*['"`]/gm;
// Side effects, dynamic imports and import types, require, the URLs of worker files.
const OTHER = /(?:^import\s+|(?<!\.)\b(?:import|require)\(\s*|new URL\(\s*(?='\.))'([^']+)'/gm;
const COMPUTED = /(?:\b(?:await|return)|=>|[=(:])\s*(?:import|require)\(\s*[^'\s]/g;

// The one module that loads a file of the app's own, so that its imports can't be written plainly: how many it has.
const LOADS_FILES = { 'cli/config.ts': 1 };

const isIn = (module, place) => (place.endsWith('/') ? module.startsWith(place) : module === place);
const layerOf = (module) => CORE.findIndex((layer) => layer.some((place) => isIn(module, place)));

/** Why `from` may not import the module `to` of ours; undefined when it may. */
function refusal(from, to, typeOnly) {
  const beside = ['testing/', 'conformance/', 'opentelemetry/'].find((place) => isIn(from, place));
  if (beside !== undefined) {
    const allowed = isIn(to, beside) || PUBLIC.some((place) => isIn(to, place));
    return allowed ? undefined : `${beside} imports public modules only`;
  }
  if (isIn(from, BROWSER)) {
    return typeOnly || isIn(to, BROWSER) ? undefined : 'the browser loads nothing of the server';
  }
  if (isIn(to, BROWSER)) return 'the server loads nothing of the browser';
  const adapter = ADAPTER.exec(from)?.[0];
  if (adapter !== undefined) {
    const allowed = [`${adapter}.ts`, `${adapter}/`, 'stores/contract/', 'internal/'].some((place) => isIn(to, place));
    return allowed ? undefined : 'an adapter imports the contract, internal and its own folder only';
  }
  const layer = layerOf(from);
  if (layer === -1) return 'the module is in no layer';
  if (to === SERVICES && typeOnly) return;
  if (from === 'index.ts' && /^stores\/memory[./]/.test(to)) return;
  if (ADAPTER.test(to)) return 'core imports no adapter';
  if (layerOf(to) === -1) return 'core imports neither testing nor conformance nor opentelemetry';
  if (layerOf(to) > layer) return 'the import runs against the layers';
  const subpath = SUBPATHS.find((place) => isIn(to, place));
  if (subpath !== undefined && !isIn(from, subpath)) return 'only its own subpath loads this method';
  if (isIn(from, 'http/') && isIn(to, 'stores/') && !typeOnly) return 'guards touch no store';
  if (isIn(from, 'http/') && to === 'internal/keys.ts') return 'guards touch no key';
}

function packageRefusal(from, specifier) {
  if (specifier.startsWith('node:')) return;
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const owner = OWNERS[name];
  if (owner === undefined) return 'the package has no owner in scripts/layers.mjs';
  return owner.split(', ').some((one) => isIn(from, one)) ? undefined : `only ${owner} imports this package`;
}

/** Every import of a source; `unread` counts what looks like one and could not be read. */
function importsOf(source) {
  const imports = [];
  for (const [, type, names, specifier] of source.matchAll(STATIC)) {
    const list = /^\{(.*)\}\s*$/s
      .exec(names)?.[1]
      ?.split(',')
      .map((name) => name.trim());
    const typesOnly = list?.every((name) => name === '' || name.startsWith('type ')) === true;
    imports.push({ specifier, typeOnly: type !== undefined || typesOnly });
  }
  const unread = (source.match(FROM)?.length ?? 0) - imports.length + (source.match(COMPUTED)?.length ?? 0);
  for (const [, specifier] of source.matchAll(OTHER)) imports.push({ specifier, typeOnly: false });
  return { imports, unread };
}

let importCount = 0;
const problems = [];
const files = readdirSync(lib, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const modules = new Map();
for (const file of files) {
  const path = join(file.parentPath, file.name);
  const module = relative(lib, path).split(sep).join('/');
  if (module.endsWith('.ts')) modules.set(module, readFileSync(path, 'utf8'));
  else problems.push(`${module}: not a TypeScript source, so not read`);
}
for (const [module, source] of modules) {
  const { imports, unread } = importsOf(source);
  importCount += imports.length;
  if (unread !== (LOADS_FILES[module] ?? 0))
    problems.push(`${module}: ${unread} import(s) could not be read; write them plainly`);
  for (const { specifier, typeOnly } of imports) {
    const to = specifier.startsWith('.')
      ? posix.join(posix.dirname(module), specifier.replace(/\.js$/, '.ts'))
      : undefined;
    let why;
    if (to === undefined) why = packageRefusal(module, specifier);
    else if (modules.has(to)) why = refusal(module, to, typeOnly);
    else why = 'no such module in lib';
    if (why !== undefined) problems.push(`${module} imports ${to ?? specifier}: ${why}`);
  }
}

const { dependencies, peerDependencies } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);
const declared = [...Object.keys({ ...dependencies, ...peerDependencies }), ...BUNDLED];
for (const name of declared) if (!(name in OWNERS)) problems.push(`${name} has no owner in scripts/layers.mjs`);
for (const name of Object.keys(OWNERS)) {
  if (!declared.includes(name)) problems.push(`${name} has an owner in scripts/layers.mjs, but is no dependency`);
}
if (importCount === 0) problems.push('no import was read');

for (const problem of problems) console.error(problem);
console.log(
  `layers: read ${modules.size} of ${files.length} modules and ${importCount} imports, ${problems.length} problem(s)`,
);
if (problems.length > 0) process.exitCode = 1;
