import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { parseCborMap } from '../../../lib/methods/passkey/encodings.js';

const read = (hex: string) => parseCborMap(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('parseCborMap', () => {
  it('reads integers, bytes, text and a map in a map', () => {
    const inner = new Map<unknown, unknown>([['x', new Uint8Array([1, 2])]]);
    assert.deepEqual(
      read('a6 01 17 20 1818 02 190100 03 1a00010000 63616263 38ff 04 a1 6178 420102'),
      new Map<unknown, unknown>([
        [1, 23],
        [-1, 24],
        [2, 256],
        [3, 65_536],
        ['abc', -256],
        [4, inner],
      ]),
    );
  });

  it('reads lists, and five of them and of maps in each other', () => {
    const certificates = [new Uint8Array([1]), new Uint8Array([2, 3])];
    assert.deepEqual(read('a1 63783563 82 4101 42 0203'), new Map([['x5c', certificates]]));
    assert.deepEqual(read('a1 01 81 a1 01 81 a0'), new Map([[1, [new Map([[1, [new Map()]]])]]]));
  });

  for (const [what, hex] of [
    ['nothing', ''],
    ['what is no map', '01'],
    ['bytes left over', 'a0 00'],
    ['a key twice', 'a2 01 02 01 03'],
    ['a key twice in two lengths', 'a2 01 02 1801 03'],
    ['a key of bytes', 'a1 4101 02'],
    ['six maps in each other', 'a1 01 a1 01 a1 01 a1 01 a1 01 a1 01 01'],
    ['six lists in each other', 'a1 01 81 81 81 81 81 81 01'],
    ['a list, which is no map', '81 01'],
    ['a list of more than there is', 'a1 01 9affffffff 01'],
    ['a list of unknown length', 'a1 01 9f 01 ff'],
    ['a tag', 'a1 01 c0 01'],
    ['true', 'a1 01 f5'],
    ['a 64-bit integer', 'a1 01 1b0000000000000001'],
    ['bytes of unknown length', 'a1 01 5f 4101 ff'],
    ['a map of unknown length', 'bf 01 01 ff'],
    ['bytes that end too early', 'a1 01 42 01'],
    ['a map that ends too early', 'a2 01 01'],
    ['a number that ends too early', 'a1 01 19 01'],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.equal(read(hex), null);
    });
  }
});
