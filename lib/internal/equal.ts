import { timingSafeEqual } from 'node:crypto';

/** Compares two secrets in a time that depends on their lengths only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
