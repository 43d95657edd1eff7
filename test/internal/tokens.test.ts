import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import {
  decodeToken,
  derivedKey,
  encode,
  equal,
  hash,
  hashToken,
  isId,
  keyedHash,
  newId,
  newToken,
} from '../../lib/internal/tokens.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a session token', () => {
  it('has 32 bytes, and is never made twice', () => {
    const tokens = Array.from({ length: 10_000 }, newToken);
    assert.deepEqual(new Set(tokens.map(({ length }) => length)), new Set([32]));
    assert.equal(new Set(tokens.map(encode)).size, tokens.length);
  });

  it('leaves no bit to chance: each is set in about half of them', () => {
    const counts = Array.from({ length: 256 }, () => 0);
    const tokens = Array.from({ length: 4_000 }, newToken);
    for (const token of tokens) {
      for (const [bit, count] of counts.entries()) {
        counts[bit] = count + (((token[bit >> 3] ?? 0) >> (bit & 7)) & 1);
      }
    }
    // Ten standard deviations: a fair source misses that less than once in 10^22 runs.
    for (const count of counts) assert.ok(Math.abs(count - 2_000) < 320, `${count}`);
  });

  it('goes over the wire as 43 characters of base64url, and comes back as it was', () => {
    for (let time = 0; time < 200; time += 1) {
      const token = newToken();
      const text = encode(token);
      assert.match(text, /^[A-Za-z0-9_-]{43}$/);
      assert.deepEqual(decodeToken(text), Buffer.from(token));
    }
  });

  it('has one spelling: of the 64 last characters 16 are read, each as another token', () => {
    const start = encode(newToken()).slice(0, -1);
    const read = ALPHABET.split('').flatMap((last) => decodeToken(start + last) ?? []);
    assert.equal(read.length, 16);
    assert.equal(new Set(read.map((token) => Buffer.from(token).toString('hex'))).size, 16);
  });

  for (const value of [
    undefined,
    null,
    0,
    {},
    [],
    '',
    'A',
    'A'.repeat(42),
    'A'.repeat(44),
    `${'A'.repeat(43)}=`,
    `${'A'.repeat(43)}\n`,
    ` ${'A'.repeat(42)}`,
    `${'A'.repeat(42)}B`,
    `${'A'.repeat(42)}+`,
    'Ä'.repeat(43),
    ['A'.repeat(43)],
  ]) {
    it(`is not ${JSON.stringify(value)}`, () => assert.equal(decodeToken(value), null));
  }
});

describe('an id', () => {
  it('has 16 bytes as 22 characters of base64url, and is never made twice', () => {
    const ids = Array.from({ length: 10_000 }, newId);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.ok(isId(id) && /^[\w-]{22}$/.test(id));
  });

  it('has one spelling', () => {
    const start = newId().slice(0, -1);
    assert.equal(ALPHABET.split('').filter((last) => isId(start + last)).length, 4);
  });

  for (const value of [
    undefined,
    null,
    7,
    '',
    'A'.repeat(21),
    'A'.repeat(23),
    `${'A'.repeat(22)}\n`,
    `${'A'.repeat(21)}B`,
    `${'A'.repeat(21)}/`,
    ['A'.repeat(22)],
  ]) {
    it(`is not ${JSON.stringify(value)}`, () => assert.equal(isId(value), false));
  }
});

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
