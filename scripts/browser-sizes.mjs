// Tells how large the modules for pages are, each as an app's bundler would make it: minified and gzipped, as JSON. Fails
// for one that is too large.
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { BROWSER_ENTRIES, fileOf } from './entries.mjs';

/** Bytes. */
const LIMITS = {
  './browser': 4_000,
  './browser/approvals': 2_048,
  './browser/dialog': 3_500,
  './browser/dialog/de': 1_024,
};

const sizes = {};
for (const subpath of Object.keys(BROWSER_ENTRIES)) {
  const bundle = await rolldown({ input: `dist/esm/${fileOf(subpath)}.js`, platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  sizes[subpath] = gzipSync(output[0].code, { level: 9 }).length;
  // An entry without a limit fails, too.
  if (!(sizes[subpath] <= LIMITS[subpath])) {
    console.error(`${subpath} has ${sizes[subpath]} bytes; the limit is ${LIMITS[subpath]}.`);
    process.exitCode = 1;
  }
}
console.log(JSON.stringify(sizes));
