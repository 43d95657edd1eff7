import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { createPlaceCache } from '../../../lib/stores/redis/place-cache.js';

function filled(count: number) {
  const places = createPlaceCache();
  const put = (n: number): void => places.put(`token ${n}`, { userId: 'user', id: `${n}` });
  for (let n = 0; n < count; n += 1) put(n);
  const has = (n: number): boolean => places.get(`token ${n}`)?.id === `${n}`;
  return { put, has };
}

describe('the places in Redis that are remembered', () => {
  it('are those of the 50,000 tokens and ids that were used last, and of as many before them at most', () => {
    const { has } = filled(170_000);
    const found = Array.from({ length: 170_000 }, (_, n) => n).filter(has);
    assert.deepEqual([found.length, found.at(0), found.at(-1)], [70_000, 100_000, 169_999]);
  });

  it('stay for as long as they are used again', () => {
    const { put, has } = filled(50_000);
    for (let n = 50_000; n < 250_000; n += 1) {
      if (n % 25_000 === 0) put(0);
      put(n);
    }
    assert.deepEqual([has(0), has(1)], [true, false]);
  });
});
