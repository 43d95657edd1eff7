import type { Settings } from './index.js';

/** What the command line may see of an instance beside its calls. Nothing of it is a secret. */
export type Inspection = Pick<Settings, 'issuer' | 'store' | 'storeTimeout' | 'insecureCookies' | 'clock'>;

// Not by a class or a WeakMap: the instance may be of another copy of this package, ES modules beside CommonJS.
const INSPECTION = Symbol.for('stepgate.inspection');

/** The instance, with what `inspectionOf` finds in it. Nobody else sees it: it isn't enumerable. */
export function inspectable<K extends object>(instance: K, settings: Settings): K {
  const { issuer, store, storeTimeout, insecureCookies, clock } = settings;
  const value: Inspection = { issuer, store, storeTimeout, insecureCookies, clock };
  return Object.defineProperty(instance, INSPECTION, { value });
}

/** Null for anything that isn't an instance. */
export function inspectionOf(instance: unknown): Inspection | null {
  if (typeof instance !== 'object' || instance === null || !(INSPECTION in instance)) return null;
  return instance[INSPECTION] as Inspection; // only `inspectable` writes it
}
