const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * Whether these bytes are an ECDSA signature in the one way that DER has for it (WebAuthn Level 3, 6.5.5; X.690, 10.1):
 * a sequence of two positive integers of at most `bytes` bytes. Whether it is right is another question. Libraries take
 * other spellings as well, and then one signature has many.
 */
export function isDerSignature(der: Uint8Array, bytes: number): boolean {
  const sequence = readElement(der, SEQUENCE);
  if (sequence === null || sequence.rest.length > 0) return false;
  const r = readElement(sequence.content, INTEGER);
  const s = r === null ? null : readElement(r.rest, INTEGER);
  if (r === null || s === null || s.rest.length > 0) return false;
  return isPositive(r.content, bytes) && isPositive(s.content, bytes);
}

interface Element {
  readonly content: Uint8Array;
  /** What comes behind it. */
  readonly rest: Uint8Array;
}

/** An element of this tag, of at most 255 bytes, its length as short as can be. */
function readElement(der: Uint8Array, tag: number): Element | null {
  const [first, short = 0x80, long = 0] = der;
  const isShort = short < 0x80;
  if (first !== tag || (!isShort && (short !== 0x81 || long < 0x80))) return null;
  const [start, length] = isShort ? [2, short] : [3, long];
  if (length > der.length - start) return null;
  return { content: der.subarray(start, start + length), rest: der.subarray(start + length) };
}

/** A zero in front only where the number would be negative without it. */
function isPositive(integer: Uint8Array, bytes: number): boolean {
  const [first = 0x80, second = 0] = integer;
  if (first === 0) return second >= 0x80 && integer.length <= bytes + 1;
  return first < 0x80 && integer.length <= bytes;
}
