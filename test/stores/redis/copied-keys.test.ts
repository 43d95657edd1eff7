import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { rotatedRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, MINUTE, NOW } from '../../../lib/conformance/setting.js';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis } from './support.js';

const DAY = 24 * HOUR;

describeOnRedis('the keys of rows that copyStore put into Redis', (client) => {
  it('go by themselves as those of any other, and not before', async () => {
    const { sessions } = redisStore(client());
    const row = rotatedRow({ id: 'a', idleExpiresAt: NOW + HOUR, expiresAt: NOW + 30 * DAY });
    await sessions.copy?.put([row], NOW);
    const left = await client().pTTL('stepgate:{user:user}');
    assert.ok(left >= 30 * DAY && left < 31 * DAY, `${left}`);
    const tokens = [row.tokenHash, row.previousTokenHash].map((token) => `stepgate:tokens:${token?.slice(0, 2)}`);
    for (const key of ['stepgate:sessions:a', ...tokens]) {
      const shared = await client().pTTL(key); // up to a day longer than the last session in it
      assert.ok(shared >= 30 * DAY && shared < 32 * DAY, `${key}: ${shared}`);
    }
  });

  it('keep a not-before time for a day', async () => {
    const { sessions } = redisStore(client());
    await sessions.copy?.notBefore.put([{ userId: 'user', notBefore: NOW }], NOW);
    const left = await client().pTTL('stepgate:{user:user}');
    assert.ok(left >= DAY && left < 2 * DAY, `${left}`);
  });

  it('keep attempts until their window has expired, and for ever where they have none', async () => {
    const { attempts } = redisStore(client());
    await attempts.copy?.put([{ userId: 'user', key: 'window', count: 1, endsAt: NOW + 15 * MINUTE }], NOW);
    const left = await client().pTTL('stepgate:{user:user}:attempts');
    assert.ok(left >= 14 * MINUTE && left < HOUR, `${left}`);
    await attempts.copy?.put([{ userId: 'user', key: 'failures', count: 1, endsAt: null }], NOW);
    assert.equal(await client().pTTL('stepgate:{user:user}:attempts'), -1);
  });
});
