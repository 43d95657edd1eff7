export type Cbor = number | string | Uint8Array | readonly Cbor[] | CborMap;
export type CborMap = ReadonlyMap<number | string, Cbor>;

/** Of a compound attestation with the certificates of each of its parts. */
const MAX_DEPTH = 5;

/**
 * Reads as much CBOR (RFC 8949) as attestation objects and COSE keys have: a map of integers, bytes, text, and lists and
 * maps of those, all of definite length. Null for anything else, and when bytes are left over.
 *
 * By hand, since what @simplewebauthn/server reads with skips what follows the first item, and overflows the stack at some
 * thousand levels.
 */
export function parseCborMap(bytes: Uint8Array): CborMap | null {
  const input = Buffer.from(bytes);
  let position = 0;

  function take(length: number): Buffer {
    if (length > input.length - position) throw new RangeError('The input ends too early.');
    position += length;
    return input.subarray(position - length, position);
  }

  function takeArgument(info: number): number {
    if (info < 24) return info;
    if (info > 26) throw new RangeError('Nothing here is that long, or of unknown length.');
    const size = 2 ** (info - 24);
    return take(size).readUIntBE(0, size);
  }

  function takeItem(depth: number): Cbor {
    const head = take(1).readUInt8();
    const argument = takeArgument(head & 0x1f);
    switch (head >> 5) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return new Uint8Array(take(argument));
      case 3:
        return take(argument).toString();
      case 4:
        if (depth < MAX_DEPTH) return takeList(argument, depth + 1);
        break;
      case 5:
        if (depth < MAX_DEPTH) return takeMap(argument, depth + 1);
    }
    throw new RangeError('There is no such thing in a passkey.');
  }

  function takeList(size: number, depth: number): readonly Cbor[] {
    const list: Cbor[] = [];
    for (let index = 0; index < size; index++) list.push(takeItem(depth));
    return list;
  }

  function takeMap(size: number, depth: number): CborMap {
    const map = new Map<number | string, Cbor>();
    for (let index = 0; index < size; index++) {
      const key = takeItem(depth);
      if ((typeof key !== 'number' && typeof key !== 'string') || map.has(key)) throw new RangeError('A bad key.');
      map.set(key, takeItem(depth));
    }
    return map;
  }

  try {
    const item = takeItem(0);
    return position === input.length && item instanceof Map ? item : null;
  } catch {
    return null;
  }
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * Whether these bytes are an ECDSA signature in the one way that DER has for it (WebAuthn Level 3, 6.5.5; X.690, 10.1):
 * a sequence of two positive integers of at most `bytes` bytes. Whether it is right is another question. Libraries take
 * other spellings as well, and then one signature has many.
 */
export function isDerSignature(der: Uint8Array, bytes: number): boolean {
  const sequence = parseElement(der, SEQUENCE);
  if (sequence === null || sequence.rest.length > 0) return false;
  const r = parseElement(sequence.content, INTEGER);
  const s = r === null ? null : parseElement(r.rest, INTEGER);
  if (r === null || s === null || s.rest.length > 0) return false;
  return isPositive(r.content, bytes) && isPositive(s.content, bytes);
}

interface Element {
  readonly content: Uint8Array;
  /** What comes behind it. */
  readonly rest: Uint8Array;
}

/** An element of this tag, of at most 255 bytes, its length as short as can be. */
function parseElement(der: Uint8Array, tag: number): Element | null {
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
