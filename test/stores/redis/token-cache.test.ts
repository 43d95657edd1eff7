import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { hashOf } from '../../../lib/conformance/setting.js';
import { createTokenCache } from '../../../lib/stores/redis/token-cache.js';

describe('the places of tokens in Redis that are remembered', () => {
  it('are those of the 10,000 tokens that were used last', () => {
    const tokenCache = createTokenCache();
    const put = (n: number): void => tokenCache.put(hashOf(`token ${n}`), { userId: 'user', id: `${n}` });
    for (let n = 0; n < 10_000; n += 1) put(n);
    put(0); // used again
    put(10_000);
    const found = [0, 1, 2, 10_000].map((n) => tokenCache.get(hashOf(`token ${n}`))?.id ?? null);
    assert.deepEqual(found, ['0', null, '2', '10000']);
  });
});
