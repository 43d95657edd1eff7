import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { describe, it } from '@jest/globals';
import { createRunScript } from '../../../lib/stores/redis/scripts.js';

describe('a script of the Redis store', () => {
  it('is sent whole when the client says by an error of another realm that the server lacks it', async () => {
    const sent: (readonly string[])[] = [];
    const run = createRunScript({
      async send(_key, command) {
        sent.push(command);
        if (command[0] === 'EVALSHA') throw runInNewContext("new Error('NOSCRIPT No matching script.')");
        return 1;
      },
    });
    assert.equal(await run({ sha: 'sha', text: 'return 1' }, 'key'), 1);
    assert.deepEqual(sent, [
      ['EVALSHA', 'sha', '1', 'key'],
      ['EVAL', 'return 1', '1', 'key'],
    ]);
  });
});
