import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SetupError } from '../internal/setup-error.js';
import type { StepgateOptions } from '../options/index.js';
import { type Inspection, inspectionOf } from '../options/inspection.js';
import { type Stepgate, stepgate } from '../stepgate.js';

export interface Config {
  readonly instance: Stepgate<string>;
  readonly inspection: Inspection;
  /** What the config exports as `app`: the Express app, for `doctor` alone. */
  readonly app: unknown;
}

const NAME = 'stepgate.config';
const ENDINGS = ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts'];

/** The config file that was named, or the one in the folder. Throws a `SetupError` where there is none. */
export function findConfig(folder: string, named: string | undefined): string {
  const candidates = named === undefined ? ENDINGS.map((ending) => `${NAME}.${ending}`) : [named];
  const found = candidates.map((name) => resolve(folder, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new SetupError(
    named === undefined ? `There is no ${NAME}.js in ${folder}.` : `There is no file ${resolve(folder, named)}.`,
    `Write ${NAME}.js (or .mjs, .cjs, .ts), whose default export is the instance or its options, or name it with --config.`,
  );
}

/** Throws a `SetupError` for a file that exports neither an instance nor options, and whatever the file itself throws. */
export async function loadConfig(file: string): Promise<Config> {
  const exported = await importFile(file);
  const given: unknown = await defaultOf(exported);
  if (typeof given !== 'object' || given === null) {
    throw new SetupError(
      `${file} must export the instance or its options.`,
      'Write `export default stepgate({ … })`, or `module.exports = …` in CommonJS.',
    );
  }
  // What isn't an instance is checked as options, whatever it is.
  const made = inspectionOf(given) === null ? stepgate(given as StepgateOptions) : given;
  const inspection = inspectionOf(made);
  if (inspection === null) throw new Error('An instance can be inspected.');
  const instance = made as Stepgate<string>; // it can be inspected; which methods it has is looked up at each call
  return { instance, inspection, app: 'app' in exported ? exported.app : null };
}

/** Of CommonJS the whole of `module.exports` is the default; compiled from ES modules, it has a default of its own. */
function defaultOf(exported: object): unknown {
  const given: unknown = 'default' in exported ? exported.default : undefined;
  return typeof given === 'object' && given !== null && '__esModule' in given && 'default' in given
    ? given.default
    : given;
}

async function importFile(file: string): Promise<object> {
  if (!/\.[cm]?ts$/.test(file)) return asNodeDoes(file);
  const jiti = jitiNear(file);
  if (jiti !== null) return jiti(file);
  try {
    return await asNodeDoes(file);
  } catch (error) {
    const { code } = (error ?? {}) as { code?: unknown }; // anything can be thrown
    if (code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error;
    throw new SetupError(
      `Node ${process.versions.node} doesn't read TypeScript, so ${file} can't be loaded.`,
      'Run `npm install --save-dev jiti`, use Node 22.18 or newer, or write the config in JavaScript.',
    );
  }
}

async function asNodeDoes(file: string): Promise<object> {
  return (await import(pathToFileURL(file).href)) as object; // a module's namespace
}

interface Jiti {
  createJiti(from: string): { import(file: string): Promise<object> };
}

/** Reads TypeScript and what it imports as the compiler finds it (`./database.js` for database.ts), which Node doesn't. */
function jitiNear(file: string): ((file: string) => Promise<object>) | null {
  const from = nodeModule.createRequire(join(dirname(file), 'any.js'));
  try {
    const { createJiti } = from('jiti') as Jiti; // the package's one function
    return (path) => createJiti(file).import(path);
  } catch {
    return null; // not installed
  }
}
