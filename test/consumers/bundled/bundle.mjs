// Bundles app.js by each bundler, each bundle into a folder of its own, as the bundlers' pages say.
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import ncc from '@vercel/ncc';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import webpack from 'webpack';

const entry = resolve('app.js');
const esbuild = (name, options) =>
  build({ entryPoints: [entry], bundle: true, platform: 'node', outfile: name, logLevel: 'error', ...options });
// What CommonJS inside ES modules asks for, as esbuild's users write it.
const banner = {
  js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
};

await esbuild('esbuild-cjs/app.cjs', { format: 'cjs' });
await esbuild('esbuild-minified/app.cjs', { format: 'cjs', minify: true });
await esbuild('esbuild-esm/app.mjs', { format: 'esm', banner });
await esbuild('esbuild-external/app.mjs', { format: 'esm', packages: 'external' });

const stats = await promisify(webpack)(
  [
    { output: { path: resolve('webpack-cjs'), filename: 'app.cjs' } },
    {
      output: { path: resolve('webpack-esm'), filename: 'app.mjs', module: true, chunkFormat: 'module' },
      experiments: { outputModule: true },
    },
  ].map((options) => ({ mode: 'production', optimization: { minimize: false }, target: 'node', entry, ...options })),
);
if (stats.hasErrors()) throw new Error(stats.toString());

const rolledUp = await rollup({
  input: entry,
  plugins: [nodeResolve({ preferBuiltins: true }), commonjs(), json()],
  logLevel: 'silent',
});
await rolledUp.write({ file: 'rollup-esm/app.mjs', format: 'esm' });
await rolledUp.close();

const { code, assets } = await ncc(entry, { quiet: true });
mkdirSync('ncc');
writeFileSync('ncc/app.mjs', code);
for (const [name, { source }] of Object.entries(assets)) writeFileSync(`ncc/${name}`, source);
