import strict from 'node:assert/strict';
import { types } from 'node:util';

/**
 * Node's strict assertions, but that `deepEqual` takes plain objects, arrays, sets and bytes of any realm: a test runner may give the
 * tests a realm of their own, and what comes from a thread or a socket isn't of that.
 */
export const assert: Pick<typeof strict, 'deepEqual' | 'equal' | 'fail' | 'match' | 'ok' | 'rejects'> = {
  ...strict,
  deepEqual(actual: unknown, expected: unknown, message?: string | Error) {
    strict.deepEqual(ofThisRealm(actual), ofThisRealm(expected), message);
  },
};

function ofThisRealm(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value as readonly unknown[], ofThisRealm); // `isArray` says any[]
  if (types.isSet(value)) return new Set([...value].map(ofThisRealm));
  if (types.isUint8Array(value)) return new Uint8Array(value);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, ofThisRealm(member)]));
}

/** Any realm's `Object.prototype` has none above it. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) === null;
}
