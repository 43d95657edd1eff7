import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { derivedKey, hash, keyedHash } from '../../lib/internal/blake3.js';
import { equal } from '../../lib/internal/equal.js';
import { hashToken } from '../../lib/internal/token-hash.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

// The official vectors of BLAKE3 (test_vectors.json), first 32 bytes of each output: input 0, 1, 2, … of the length.
const KEY = new TextEncoder().encode('whats the Elvish word for friend');
const CONTEXT = 'BLAKE3 2019-12-27 16:29:52 test vectors context';
const VECTORS = [
  {
    length: 0,
    hash: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    keyed: '92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26',
    derived: '2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d',
  },
  {
    length: 1,
    hash: '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213',
    keyed: '6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b',
    derived: 'b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c',
  },
] as const;

describe('BLAKE3', () => {
  for (const { length, ...expected } of VECTORS) {
    const input = Uint8Array.from({ length }, (_, index) => index % 251);
    it(`hashes ${length} bytes as its authors do, with a key and with a context, too`, () => {
      assert.deepEqual(
        { hash: hex(hash(input)), keyed: hex(keyedHash(KEY, input)), derived: hex(derivedKey(input, CONTEXT)) },
        expected,
      );
    });
  }

  it('gives other keys for other contexts and other secrets', () => {
    const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const keys = [derivedKey(a, 'x'), derivedKey(a, 'y'), derivedKey(b, 'x'), keyedHash(a, b), hash(a)];
    assert.equal(new Set(keys.map(hex)).size, keys.length);
  });
});

describe('hashToken', () => {
  it('gives the BLAKE3 hash as base64url', () => {
    assert.equal(hashToken(new Uint8Array()), 'rxNJufX5oaagQE3qNtzJSZvLJcmtwRK3zJqTyuQfMmI');
    assert.match(hashToken(new Uint8Array(32)), /^[\w-]{43}$/);
  });

  it('gives the same for the same token and something else for every other', () => {
    const hashes = Array.from({ length: 256 }, (_, byte) => hashToken(new Uint8Array(32).fill(byte)));
    assert.equal(new Set(hashes).size, 256);
    assert.equal(hashes[7], hashToken(new Uint8Array(32).fill(7)));
  });
});

describe('equal', () => {
  it('tells bytes that are the same from others, whatever their lengths', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    assert.equal(equal(bytes, Uint8Array.of(1, 2, 3)), true);
    for (const other of [Uint8Array.of(1, 2, 4), Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3, 0), new Uint8Array()]) {
      assert.equal(equal(bytes, other), false);
    }
    assert.equal(equal(new Uint8Array(), new Uint8Array()), true);
  });
});
