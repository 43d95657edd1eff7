import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { given, sessionRow } from '../../../lib/conformance/session-rows.js';
import { NOW } from '../../../lib/conformance/setting.js';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis, wrapped } from './support.js';

// Their lookups may lie in 4,160 keys of ids, and as many of tokens.
describeOnRedis('three sessions on a Redis server', (client) => {
  async function commandsOf(work: (sessions: ReturnType<typeof redisStore>['sessions']) => Promise<unknown>) {
    let count = 0;
    const { sessions } = redisStore(
      wrapped(client(), (_command, send) => {
        count += 1;
        return send();
      }),
    );
    await given(sessions, ...['a', 'bb', 'z'].map((id) => sessionRow({ id })));
    count = 0;
    await work(sessions);
    return count;
  }

  it('are listed by fewer than 100 commands', async () => {
    const count = await commandsOf(async (sessions) => {
      const rows = await sessions.list({ limit: 10, after: null, now: NOW });
      assert.deepEqual(
        rows.map(({ id }) => id),
        ['a', 'bb', 'z'],
      );
    });
    assert.ok(count < 100, `${count}`);
  });

  it('are cleaned up by fewer than 200', async () => {
    const { expiresAt } = sessionRow({ id: 'any' });
    const count = await commandsOf(async (sessions) => {
      assert.equal(await sessions.deleteExpired(expiresAt + 1, 0, 10), 3);
    });
    assert.ok(count < 200, `${count}`);
    assert.deepEqual(await client().keys('stepgate:{user:*'), []);
  });
});
