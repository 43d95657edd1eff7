import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeToken, encode, isId, newId, newToken } from '../../lib/session/tokens.js';

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
