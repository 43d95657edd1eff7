// Tells how large the modules for pages are, each as an app's bundler would make it: minified and gzipped, as JSON.
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { BROWSER_ENTRIES, fileOf } from './entries.mjs';

const sizes = {};
for (const subpath of Object.keys(BROWSER_ENTRIES)) {
  const bundle = await rolldown({ input: `dist/esm/${fileOf(subpath)}.js`, platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  sizes[subpath] = gzipSync(output[0].code, { level: 9 }).length;
}
console.log(JSON.stringify(sizes));
