// Bundles lib/ into dist/: each subpath a file, with what they share in chunks, as ES modules and as CommonJS, each with
// the types that it needs of those that the compiler has written to dist/esm/types.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { BROWSER_ENTRIES, BUNDLED, COMMAND_LINE, ENTRIES, fileOf, manifestOfEntries } from './entries.mjs';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
for (const [name, value] of Object.entries(manifestOfEntries())) {
  assert.deepEqual(manifest[name], value, `package.json's "${name}" isn't that of scripts/entries.mjs`);
}

// scripts/layers.mjs sees to it that whatever stays outside is installed with us.
const external = (id) => /^[^./]/.test(id) && !BUNDLED.some((name) => id.startsWith(`${name}/`));

// Comments are for readers of lib/; the types keep theirs.
const OUTPUT = { strict: true, comments: { legal: true, annotation: true, jsdoc: false } };

const WRITER = resolve('lib/stores/sqlite/writer.ts');
const writer = writerWith(await bundleThread());
const plugins = [{ name: 'thread-code', load: (id) => (id === WRITER ? writer : null) }];
const inputs = { esm: { ...ENTRIES, ...COMMAND_LINE }, cjs: ENTRIES };
for (const format of ['esm', 'cjs']) {
  const bundle = await rolldown({ input: inputOf(inputs[format]), external, platform: 'node', plugins });
  await bundle.write({ ...OUTPUT, dir: `dist/${format}`, format, chunkFileNames: 'shared/[name].js' });
  await bundle.close();
}
for (const [subpath, module] of Object.entries(BROWSER_ENTRIES)) {
  const page = await rolldown({ input: inputOf({ [subpath]: module }), platform: 'browser' });
  await page.write({ ...OUTPUT, dir: 'dist/esm', format: 'esm' });
  await page.close();
}

const TYPES = 'dist/esm/types';
const reachable = reachableTypes();
for (const file of readdirSync(TYPES, { recursive: true })) {
  if (file.endsWith('.d.ts') && !reachable.has(file)) rmSync(join(TYPES, file));
}
cpSync(TYPES, 'dist/cjs/types', { recursive: true, filter: (path) => path !== join(TYPES, 'browser') });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
copyFileSync('node_modules/@noble/hashes/LICENSE', 'dist/LICENSE-noble-hashes'); // it is in the bundle

/** The writer thread of the SQLite store, whole in one text. */
async function bundleThread() {
  const bundled = await rolldown({ input: sourceOf('stores/sqlite/writer-thread'), external, platform: 'node' });
  const { output } = await bundled.generate({ ...OUTPUT, format: 'cjs' });
  assert.equal(output.length, 1);
  return output[0].code;
}

/** The source of the thread's other side, with the code itself in place of the thread's file. */
function writerWith(threadCode) {
  const source = readFileSync(WRITER, 'utf8');
  const file = "new URL('./writer-thread.js', import.meta.url)";
  assert.equal(source.split(file).length, 2, `${WRITER} names the thread's file in another way`);
  return source.replace(file, () => JSON.stringify(threadCode));
}

/** The files of types that the entries' lead to. */
function reachableTypes() {
  const found = new Set(Object.values({ ...ENTRIES, ...BROWSER_ENTRIES }).map((module) => `${module}.d.ts`));
  for (const file of found) {
    for (const [, specifier] of readFileSync(join(TYPES, file), 'utf8').matchAll(/'(\.{1,2}\/[^']+)\.js'/g)) {
      found.add(join(dirname(file), `${specifier}.d.ts`));
    }
  }
  return found;
}

function inputOf(entries) {
  return Object.fromEntries(Object.entries(entries).map(([subpath, module]) => [fileOf(subpath), sourceOf(module)]));
}

function sourceOf(module) {
  return `lib/${module}.ts`;
}
