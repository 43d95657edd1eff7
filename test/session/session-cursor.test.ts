import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { encode } from '../../lib/internal/tokens.js';
import { decodeCursor, encodeCursor } from '../../lib/session/session-cursor.js';

const time = fc.maxSafeInteger();
const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => encode(bytes));

describe('a place in the list of sessions', () => {
  it('comes back as it was, in 43 characters of a URL', () => {
    fc.assert(
      fc.property(time, time, id, (lastSeenAt, createdAt, sessionId) => {
        const cursor = { lastSeenAt, createdAt, id: sessionId };
        const encoded = encodeCursor(cursor);
        assert.match(encoded, /^[\w-]{43}$/);
        assert.deepEqual(decodeCursor(encoded), cursor);
      }),
    );
  });

  it('has one spelling, and nothing else is one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string({ minLength: 43, maxLength: 43 })), (value) => {
        const cursor = decodeCursor(value);
        if (cursor !== null) assert.equal(encodeCursor(cursor), value);
      }),
    );
  });

  it('has no time that a number can’t hold', () => {
    const beyond = Buffer.alloc(32);
    beyond.writeBigInt64BE(2n ** 53n, 8);
    assert.equal(decodeCursor(encode(beyond)), null);
  });
});
