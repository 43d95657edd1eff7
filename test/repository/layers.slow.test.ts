import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, it } from '@jest/globals';
import { root } from './root.js';

const folder = mkdtempSync(join(tmpdir(), 'stepgate-layers-'));
afterAll(() => rmSync(folder, { recursive: true }));

// Modules to aim at, whatever lib holds today.
const TARGETS = ['http/planted.ts', 'session/planted.ts', 'stores/sqlite/planted.ts'];

cpSync(join(root, 'lib'), folder, { recursive: true });
for (const target of TARGETS) write(target, 'export const planted = 1;\n');

function write(module: string, source: string): void {
  mkdirSync(dirname(join(folder, module)), { recursive: true });
  writeFileSync(join(folder, module), source);
}

function check(): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/layers.mjs', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

/** Checks a copy of lib in which one module is replaced by, or added as, the given source. */
function checkWith(module: string, source: string): { status: number | null; output: string } {
  const path = join(folder, module);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : null;
  write(module, `${source}\n`);
  try {
    return check();
  } finally {
    if (before === null) rmSync(path);
    else write(module, before);
  }
}

const plants: [what: string, module: string, source: string, message: RegExp][] = [
  ['an upward import', 'internal/a.ts', `import { planted } from '../http/planted.js';`, /runs against the layers/],
  [
    'an upward import of a type',
    'session/a.ts',
    `import type { A } from '../http/planted.js';`,
    /runs against the layers/,
  ],
  [
    'an upward re-export',
    'events.ts',
    `export {\n  type A,\n  planted,\n} from './session/planted.js';`,
    /against the layers/,
  ],
  ['an upward dynamic import', 'session/a.ts', `await import('../http/planted.js');`, /against the layers/],
  ['an upward import type', 'events.ts', `type A = import('./session/planted.js').A;`, /against the layers/],
  ['an upward import for its effect', 'events.ts', `import './session/planted.js';`, /against the layers/],
  [
    'core with an adapter',
    'stepgate.ts',
    `import { planted } from './stores/sqlite/planted.js';`,
    /core imports no adapter/,
  ],
  ['index with SQLite', 'index.ts', `export { planted } from './stores/sqlite/planted.js';`, /core imports no adapter/],
  [
    'core with a test tool',
    'http/a.ts',
    `import { manualClock } from '../testing/index.js';`,
    /neither testing nor conformance/,
  ],
  [
    'an adapter with core',
    'stores/redis/a.ts',
    `import { planted } from '../../session/planted.js';`,
    /an adapter imports/,
  ],
  [
    'an adapter with another',
    'stores/redis/a.ts',
    `import { planted } from '../sqlite/planted.js';`,
    /an adapter imports/,
  ],
  ['testing with the inside', 'testing/a.ts', `import { planted } from '../http/planted.js';`, /public modules only/],
  [
    'the conformance suite with an adapter',
    'conformance/a.ts',
    `import { planted } from '../stores/sqlite/planted.js';`,
    /public modules only/,
  ],
  [
    'a function with the making of services',
    'http/a.ts',
    `import { createServices } from '../services.js';`,
    /against the layers/,
  ],
  [
    'core with what loads @simplewebauthn/server',
    'options/a.ts',
    `import { passkey } from '../methods/passkey/index.js';`,
    /only its own subpath loads/,
  ],
  ['a guard with a store', 'http/a.ts', `import { a } from '../stores/contract/store.js';`, /guards touch no store/],
  ['a guard with a key', 'http/a.ts', `import type { Keys } from '../internal/keys.js';`, /guards touch no key/],
  ['Express in core', 'http/a.ts', `import type { Request } from 'express';`, /no owner/],
  ['a package outside its owner', 'session/a.ts', `import { parse } from 'cookie';`, /only http\/credentials\.ts/],
  ['a driver outside its folder', 'session/a.ts', `const d = require('better-sqlite3');`, /only stores\/sqlite\//],
  [
    'a worker file of another layer',
    'session/a.ts',
    `new URL('../http/planted.js', import.meta.url);`,
    /against the layers/,
  ],
  ['a module in no layer', 'utils/a.ts', `import { planted } from '../http/planted.js';`, /in no layer/],
  ['a missing module', 'session/a.ts', `import { a } from './nowhere.js';`, /no such module/],
  ['an import that it cannot read', 'session/a.ts', `import { a } from "../http/planted.js";`, /could not be read/],
  ['a computed import', 'session/a.ts', 'await import(process.argv[2]);', /could not be read/],
  ['a file that is no TypeScript', 'session/a.js', 'export {};', /not read/],
];

describe('npm run layers', () => {
  it('reads every module of lib and finds nothing', () => {
    const { status, output } = check();
    assert.equal(status, 0, output);
    const [, modules, files, imports] = /read (\d+) of (\d+) modules and (\d+) imports/.exec(output) ?? [];
    assert.equal(modules, files);
    assert.ok(Number(imports) > 10, output);
  });

  for (const [what, module, source, message] of plants) {
    it(`refuses ${what}`, () => {
      const { status, output } = checkWith(module, source);
      assert.equal(status, 1, output);
      assert.match(output, message);
      assert.ok(output.includes(module), output);
    });
  }

  it('lets any function ask for services by their type', () => {
    const { status, output } = checkWith('session/a.ts', `import type { Services } from '../services.js';`);
    assert.equal(status, 0, output);
  });

  it('lets a guard use the types of a store', () => {
    const { status, output } = checkWith('http/a.ts', `import type { Store } from '../stores/contract/store.js';`);
    assert.equal(status, 0, output);
  });
});
