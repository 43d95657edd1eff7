import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseSecrets } from '../../lib/internal/keys.js';
import { encode, hashToken, newId } from '../../lib/internal/tokens.js';
import { createRefreshTokens, type RefreshToken, type RefreshTokens } from '../../lib/session/refresh-token.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NONCE = encode(randomBytes(16));

const only = (...secrets: string[]): RefreshTokens =>
  createRefreshTokens(parseSecrets(secrets.map((name) => name.padEnd(32, '.'))));
const tokens = only('first');
const issued = tokens.issue(newId()).refreshToken;
const wire = (token: RefreshToken): string => encode(token.bytes);

const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

describe('a refresh token', () => {
  it('is 86 characters of base64url and carries the session id', () => {
    const id = newId();
    const { refreshToken } = tokens.issue(id);
    assert.match(wire(refreshToken), /^[A-Za-z0-9_-]{86}$/);
    assert.ok(wire(refreshToken).startsWith(id.slice(0, 21)));
    assert.equal(refreshToken.sessionId, id);
    assert.equal(refreshToken.hash, hashToken(refreshToken.bytes));
  });

  it('is read back as it was issued', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (id) => {
        const { refreshToken } = tokens.issue(encode(id));
        const read = tokens.read(wire(refreshToken));
        assert.ok(read !== null);
        assert.equal(read.sessionId, encode(id));
        assert.equal(read.hash, refreshToken.hash);
      }),
    );
  });

  it('is another one at every issue, with another session token', () => {
    const pairs = Array.from({ length: 100 }, () => tokens.issue('A'.repeat(22)));
    assert.equal(new Set(pairs.map(({ refreshToken }) => refreshToken.hash)).size, 100);
    assert.equal(new Set(pairs.map(({ token }) => encode(token))).size, 100);
  });

  it('is a forgery when any bit of it is another', () => {
    for (let bit = 0; bit < 512; bit += 1) assert.equal(tokens.read(encode(flipped(issued.bytes, bit))), null);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 511 }), { minLength: 1, maxLength: 8 }), (bits) => {
        assert.equal(tokens.read(encode(bits.reduce(flipped, issued.bytes))), null);
      }),
    );
  });

  it('is a forgery when it is cut, longer, or moved', () => {
    const text = wire(issued);
    for (let length = 0; length < text.length; length += 1) {
      assert.equal(tokens.read(text.slice(0, length)), null);
      assert.equal(tokens.read(text.slice(text.length - length)), null);
    }
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (more) => {
        assert.equal(tokens.read(text + more), null);
        assert.equal(tokens.read(more + text), null);
      }),
    );
  });

  it('has one spelling: others that decode to the same bytes are not the token', () => {
    const text = wire(issued);
    const last = ALPHABET.indexOf(text.at(-1) ?? '');
    for (let spare = 1; spare < 16; spare += 1) {
      const spelt = text.slice(0, -1) + ALPHABET[last + spare];
      assert.deepEqual(Buffer.from(spelt, 'base64url'), Buffer.from(issued.bytes));
      assert.equal(tokens.read(spelt), null);
    }
    assert.equal(tokens.read(`${text}==`), null);
    assert.equal(tokens.read(`${text}\n`), null);
    assert.equal(tokens.read(Buffer.from(issued.bytes).toString('base64')), null);
    assert.equal(tokens.read(Buffer.from(issued.bytes).toString('hex')), null);
  });

  it('is a forgery under the id of another session', () => {
    const other = Buffer.from(issued.bytes);
    randomBytes(16).copy(other);
    assert.equal(tokens.read(encode(other)), null);
  });

  it('is a forgery when nobody with the secret made it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
        assert.equal(tokens.read(encode(bytes)), null);
      }),
    );
    assert.equal(tokens.read(wire(only('other').issue(newId()).refreshToken)), null);
  });

  it('is no value of another type', () => {
    const text = wire(issued);
    for (const value of [
      undefined,
      null,
      1,
      true,
      {},
      [text],
      { refresh_token: text },
      Buffer.from(text),
      Object(text),
    ]) {
      assert.equal(tokens.read(value), null);
    }
  });
});

describe('a successor', () => {
  it('is the same for everybody who presents the same token', () => {
    const [one, two] = [tokens.successor(issued, NONCE), only('first').successor(issued, NONCE)];
    assert.equal(one.refreshToken.hash, two.refreshToken.hash);
    assert.deepEqual(one.token, two.token);
  });

  it('is genuine, of the same session, and neither its parent nor its session token', () => {
    const { refreshToken, token } = tokens.successor(issued, NONCE);
    assert.equal(tokens.read(wire(refreshToken))?.sessionId, issued.sessionId);
    assert.notEqual(refreshToken.hash, issued.hash);
    assert.ok(!Buffer.from(refreshToken.bytes).includes(Buffer.from(token)));
  });

  it('is another one for another nonce, another parent and another secret', () => {
    const parent = tokens.issue(issued.sessionId).refreshToken;
    const successors = [
      tokens.successor(issued, NONCE),
      tokens.successor(issued, encode(randomBytes(16))),
      tokens.successor(parent, NONCE),
      only('other').successor(issued, NONCE),
    ];
    assert.equal(new Set(successors.map(({ refreshToken }) => refreshToken.hash)).size, 4);
    assert.equal(new Set(successors.map(({ token }) => encode(token))).size, 4);
  });

  it('is recovered by a process that signs with another of the secrets', () => {
    const old = only('old', 'new');
    const made = old.successor(issued, NONCE);
    const recovered = only('new', 'old').recoverSuccessor(issued, NONCE, made.refreshToken.hash);
    assert.equal(recovered?.refreshToken.hash, made.refreshToken.hash);
    assert.deepEqual(recovered?.token, made.token);
  });

  it('is not recovered without the secret that made it, nor for another hash', () => {
    const made = only('old').successor(issued, NONCE);
    assert.equal(only('new').recoverSuccessor(issued, NONCE, made.refreshToken.hash), null);
    assert.equal(only('old').recoverSuccessor(issued, NONCE, issued.hash), null);
  });
});

describe('the session token that comes with a refresh token', () => {
  const pair = only('old').issue(newId());

  it('is recovered by every process that still has the secret', () => {
    const recovered = only('new', 'old').recoverSessionToken(pair.refreshToken, null, hashToken(pair.token));
    assert.deepEqual(recovered, pair.token);
  });

  it('is not recovered once another token has its place, or the secret is gone', () => {
    assert.equal(only('old').recoverSessionToken(pair.refreshToken, null, hashToken(randomBytes(32))), null);
    assert.equal(only('new').recoverSessionToken(pair.refreshToken, null, hashToken(pair.token)), null);
  });
});

describe('a renewed session token', () => {
  const pair = only('old').issue(newId());
  const renewed = only('old').renewedToken(pair.refreshToken, NONCE);

  it('is the same for everybody with the same refresh token and nonce, and another one else', () => {
    const others = [
      pair.token,
      only('old').renewedToken(pair.refreshToken, encode(randomBytes(16))),
      only('old').renewedToken(only('old').issue(pair.refreshToken.sessionId).refreshToken, NONCE),
      only('other').renewedToken(pair.refreshToken, NONCE),
    ];
    assert.deepEqual(only('old').renewedToken(pair.refreshToken, NONCE), renewed);
    assert.equal(new Set([renewed, ...others].map(encode)).size, 5);
  });

  it('is recovered by its nonce alone, by every process that still has the secret', () => {
    const hash = hashToken(renewed);
    assert.deepEqual(only('new', 'old').recoverSessionToken(pair.refreshToken, NONCE, hash), renewed);
    assert.equal(only('new').recoverSessionToken(pair.refreshToken, NONCE, hash), null);
    assert.equal(only('old').recoverSessionToken(pair.refreshToken, null, hash), null);
    assert.equal(only('old').recoverSessionToken(pair.refreshToken, NONCE, hashToken(pair.token)), null);
  });
});
