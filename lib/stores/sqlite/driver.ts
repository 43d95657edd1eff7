import { createRequire } from 'node:module';
import type { Database, Options } from 'better-sqlite3';
import { SetupError } from '../../internal/setup-error.js';

export type Driver = new (path: string, options: Options) => Database;

/** The part of `process.versions` that decides. */
export interface Runtime {
  readonly node: string;
  readonly napi?: string | undefined;
}

const require = createRequire(import.meta.url);

/** Loads better-sqlite3, an optional peer: when the first store is made, and after a look at its version. */
export function loadDriver(): Driver {
  checkDriver(installedVersion(), process.versions);
  return require('better-sqlite3') as Driver; // the package's one export
}

function installedVersion(): string {
  try {
    return (require('better-sqlite3/package.json') as { version: string }).version; // every package has one
  } catch {
    throw new SetupError("`sqliteStore` needs better-sqlite3, which isn't installed.", advice(process.versions));
  }
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
