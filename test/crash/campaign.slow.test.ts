import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { campaign } from './campaign.js';

describe('an app over a SQLite file', () => {
  for (const victim of ['process', 'writer thread'] as const) {
    it(`keeps what it acknowledged when its ${victim} is killed under load`, async () => {
      const seed = Date.now() % 1_000_000;
      const { acknowledged, violations } = await campaign({ victim, kills: 8, seed });
      assert.deepEqual(violations, [], `seed ${seed}`);
      assert.ok([...acknowledged.values()].reduce((sum, count) => sum + count, 0) > 32);
    });
  }
});
