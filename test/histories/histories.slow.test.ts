import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { random } from '../support/random.js';
import { campaign } from './campaign.js';
import type { Kind } from './holder.js';

describe('whoever copied a session, and can pass a weaker method,', () => {
  for (const delivery of ['cookie', 'bearer', 'token-cookies', 'app'] satisfies Kind[]) {
    it(`passes nothing that asks for the stronger one, and outlives nothing (${delivery})`, async () => {
      const seed = random(Date.now()).below(1_000_000);
      const { violation } = await campaign({ delivery, runs: 60, seed });
      assert.equal(violation, null, `seed ${seed}`);
    });
  }
});
