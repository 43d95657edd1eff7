import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import type { TokenHash } from '../../../lib/internal/tokens.js';
import { newFile, newRow, openStore } from './support.js';

/** Another hash that begins with the same ten characters: rows lie in the order of these. */
function neighbourOf(hash: TokenHash): TokenHash {
  return `${hash.slice(0, 10)}${hash.slice(10).split('').reverse().join('')}` as TokenHash; // a hash as well, though nobody knows of what
}

describe('two hashes that begin alike', () => {
  it('are of two tokens: the one that no session has finds none', async () => {
    const store = openStore(newFile());
    const row = newRow();
    await store.sessions.insert({ row, replaces: null, cap: null, now: row.createdAt });
    assert.equal(await store.sessions.find(neighbourOf(row.tokenHash)), null);
    assert.deepEqual(await store.sessions.find(row.tokenHash), row);
  });

  it('find a session by its previous token beside another by its current one', async () => {
    const store = openStore(newFile());
    const row = newRow();
    const other = newRow({ previousTokenHash: neighbourOf(row.tokenHash) });
    for (const each of [row, other]) {
      await store.sessions.insert({ row: each, replaces: null, cap: null, now: each.createdAt });
    }
    assert.deepEqual(await store.sessions.find(neighbourOf(row.tokenHash)), other);
    assert.deepEqual(await store.sessions.find(row.tokenHash), row);
  });
});
