import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { hashOf } from '../../../lib/conformance/setting.js';
import { createPlaceCache } from '../../../lib/stores/redis/place-cache.js';

describe('the places in Redis that are remembered', () => {
  it('are those of the 20,000 tokens and ids that were used last', () => {
    const places = createPlaceCache();
    const put = (n: number): void => places.put(hashOf(`token ${n}`), { userId: 'user', id: `${n}` });
    for (let n = 0; n < 20_000; n += 1) put(n);
    put(0); // used again
    put(20_000);
    const found = [0, 1, 2, 20_000].map((n) => places.get(hashOf(`token ${n}`))?.id ?? null);
    assert.deepEqual(found, ['0', null, '2', '20000']);
  });
});
