// Writes the modules of docs/front-ends.md to a folder and bundles them for a browser. In a process of its own: neither
// the bundler's native part nor Vue's compiler gets on with what Jest gives a test for globals.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { compileScript, parse } from 'vue/compiler-sfc';
import { codeBlocks, read } from '../markdown.js';

const [folder = ''] = process.argv.slice(2);
const guide = read('docs/front-ends.md');

const MOUNT = `import { createApp } from 'vue';
import Transfers from './transfers.js';
import './tabs.js';
createApp(Transfers).mount('#app');
`;

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const { text } of ['js', 'jsx'].flatMap((language) => codeBlocks(guide, language))) {
  const [, name] = /^\/\/ (\S+)/.exec(text) ?? [];
  assert.ok(name !== undefined, text);
  writeFileSync(join(folder, name), text);
}
const [component] = codeBlocks(guide, 'vue');
writeFileSync(join(folder, 'transfers.js'), compiled(component?.text ?? ''));
writeFileSync(join(folder, 'vue.js'), MOUNT);

const bundle = await rolldown({
  input: ['react.jsx', 'vue.js', 'upload.js', 'approvals.js'].map((file) => join(folder, file)),
  platform: 'browser',
  // The package that these modules are in says of its own that they have no effects.
  treeshake: { moduleSideEffects: () => true },
  transform: { define: { 'process.env.NODE_ENV': "'production'" } },
});
await bundle.write({ dir: join(folder, 'bundled'), format: 'esm' });
await bundle.close();

/** As a bundler's plugin for Vue does it. */
function compiled(source: string): string {
  const { descriptor, errors } = parse(source, { filename: 'transfers.vue' });
  assert.deepEqual(errors, []);
  return compileScript(descriptor, { id: 'transfers', inlineTemplate: true }).content;
}
