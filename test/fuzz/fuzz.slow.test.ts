import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { fuzz } from './fuzz.js';

describe('an app with all of stepgate', () => {
  it('answers fuzzed requests without failing, and writes nothing for strangers', async () => {
    const seed = Date.now() % 1_000_000;
    const { statuses, failures } = await fuzz({ requests: 8_000, seed });
    assert.deepEqual(failures, [], `seed ${seed}`);
    for (const status of [200, 201, 204, 400, 401, 403, 404, 405]) assert.ok(statuses.has(status), `${status}`);
  });
});
