import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { describe, it } from '@jest/globals';
import type { RedisClient } from '../../../lib/stores/redis/index.js';
import { createRunScript } from '../../../lib/stores/redis/scripts.js';

describe('a script of the Redis store', () => {
  it('is sent whole when the client says by an error of another realm that the server lacks it', async () => {
    const sent: string[] = [];
    const client = {
      evalSha: () => Promise.reject(runInNewContext("new Error('NOSCRIPT No matching script.')")),
      eval: (text: string) => Promise.resolve(sent.push(text)),
    };
    // It takes the place of a client in these two calls only.
    const run = createRunScript(client as unknown as RedisClient);
    assert.equal(await run({ sha: 'sha', text: 'return 1' }, 'key'), 1);
    assert.deepEqual(sent, ['return 1']);
  });
});
