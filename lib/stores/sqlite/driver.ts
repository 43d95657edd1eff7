import nodeModule from 'node:module'; // not by name: who bundles ES modules has a `createRequire` at the top already
import type { Database, Options } from 'better-sqlite3';
import { SetupError } from '../../internal/setup-error.js';

export type Driver = new (path: string, options: Options) => Database;

/** The part of `process.versions` that decides. */
export interface Runtime {
  readonly node: string;
  readonly napi?: string | undefined;
}

interface Installed {
  readonly version: string;
  /** Of its main module. */
  readonly path: string;
}

/**
 * Finds better-sqlite3, an optional peer: when the first store is made, and with a look at its version before anything
 * of it is loaded. No `import` can do that, for it would fail with words that aren't ours.
 */
export function findDriver(): string {
  const installed = findInstalled();
  if (installed === null) {
    throw new SetupError(
      "`sqliteStore` needs better-sqlite3, which isn't installed.",
      `${advice(process.versions)} No bundle can have it inside: a bundled app needs it in \`node_modules\` beside its bundle.`,
    );
  }
  checkDriver(installed.version, process.versions);
  return installed.path;
}

/** Loads better-sqlite3 from where `findDriver` found it: in this thread, or in the writer's. */
export function loadDriver(path: string): Driver {
  return nodeModule.createRequire(path)(path) as Driver; // the package's one export
}

/**
 * Where to look from: this very file. In a bundle that is the app's, but some bundlers leave `import.meta` empty or write
 * in it where the file was when they ran; then it is the file's name in CommonJS, or the script that was started.
 */
const PLACES = [() => import.meta.url, () => __filename, () => process.argv[1] ?? ''];

function findInstalled(): Installed | null {
  for (const place of PLACES) {
    try {
      const from = nodeModule.createRequire(place());
      const { version } = from('better-sqlite3/package.json') as { version: string }; // every package has one
      return { version, path: from.resolve('better-sqlite3') };
    } catch {
      // There is no such place, or the package isn't to be found from there.
    }
  }
  return null;
}

/**
 * Refuses better-sqlite3 13 where Node has an N-API older than 10: it loads there, and ends the process with a
 * segmentation fault when it opens a file.
 */
export function checkDriver(version: string, runtime: Runtime): void {
  const major = Number.parseInt(version, 10);
  if (major >= 13 && !hasNapi10(runtime)) {
    throw new SetupError(`better-sqlite3 ${version} doesn't run on Node ${runtime.node}.`, advice(runtime));
  }
}

function advice(runtime: Runtime): string {
  return hasNapi10(runtime)
    ? 'Run `npm install better-sqlite3`.'
    : 'Run `npm install better-sqlite3@12`, or use Node 22 or newer.';
}

function hasNapi10({ napi }: Runtime): boolean {
  return Number(napi) >= 10;
}
