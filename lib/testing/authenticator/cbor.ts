/** What an attestation is made of. A map keeps its order, which for CTAP2's canonical form is the caller's duty. */
export type Cbor = number | string | Uint8Array | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;

/** RFC 8949, as much of it as an authenticator needs: integers, bytes, text, lists and maps, lengths up to 65,535. */
export function encodeCbor(value: Cbor): Uint8Array {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([head(3, text.length), text]);
  }
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (!(value instanceof Map)) {
    const items: readonly Cbor[] = [...value]; // what is left is a list
    return Buffer.concat([head(4, items.length), ...items.map(encodeCbor)]);
  }
  const members = [...(value as ReadonlyMap<Cbor, Cbor>)]; // `instanceof` forgets the types
  const entries = members.flatMap(([key, member]) => [encodeCbor(key), encodeCbor(member)]);
  return Buffer.concat([head(5, value.size), ...entries]);
}

function head(majorType: number, argument: number): Uint8Array {
  const type = majorType << 5;
  if (argument < 24) return Uint8Array.of(type | argument);
  if (argument < 0x100) return Uint8Array.of(type | 24, argument);
  if (argument < 0x10000) return Uint8Array.of(type | 25, argument >> 8, argument & 0xff);
  throw new RangeError(`${argument} is more than a software authenticator has to say.`);
}
