import type { Settings } from './index.js';

/** What the command line may see of a kit beside its calls. Nothing of it is a secret. */
export type Inspection = Pick<Settings, 'issuer' | 'store' | 'storeTimeout' | 'insecureCookies' | 'clock'>;

// Not by a class or a WeakMap: the kit may be of another copy of this package, ES modules beside CommonJS.
const INSPECTION = Symbol.for('stepgate.inspection');

/** The kit, with what `inspectionOf` finds in it. Nobody else sees it: it isn't enumerable. */
export function inspectable<K extends object>(kit: K, settings: Settings): K {
  const { issuer, store, storeTimeout, insecureCookies, clock } = settings;
  const value: Inspection = { issuer, store, storeTimeout, insecureCookies, clock };
  return Object.defineProperty(kit, INSPECTION, { value });
}

/** Null for anything that isn't a kit. */
export function inspectionOf(kit: unknown): Inspection | null {
  if (typeof kit !== 'object' || kit === null || !(INSPECTION in kit)) return null;
  return kit[INSPECTION] as Inspection; // only `inspectable` writes it
}
