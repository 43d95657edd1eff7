import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { HOUR, MINUTE, NOW } from '../../../lib/conformance/setting.js';
import { grantRow, takeOf } from '../../../lib/conformance/step-up-rows.js';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis } from './support.js';

const MARKS = 'stepgate:{user:user}:spent-actions';

describeOnRedis('the mark of a spent grant in Redis', (client) => {
  it('fails the take where it cannot be written, and the grant is not given again', async () => {
    const { grants } = redisStore(client());
    await grants.insert(grantRow());
    await client().set(MARKS, 'no hash');
    await assert.rejects(grants.take(takeOf()), /WRONGTYPE/);
    await client().del(MARKS);
    assert.deepEqual(await grants.take(takeOf({ now: NOW + 1 })), { outcome: 'spent', spentAt: NOW });
    assert.deepEqual(await grants.take(takeOf({ now: NOW + 1, action: 'another' })), { outcome: 'none' });
  });

  it('stays as long as the mark that lasts longest', async () => {
    const { grants } = redisStore(client());
    for (const [actionDigest, markedUntil] of [
      ['long', NOW + 24 * HOUR],
      ['short', NOW + MINUTE],
    ] as const) {
      await grants.insert(grantRow({ actionDigest }));
      await grants.take(takeOf({ actionDigest, markedUntil }));
    }
    assert.ok((await client().pTTL(MARKS)) >= 24 * HOUR);
  });

  it('goes some time after its end, with the marks of others', async () => {
    const { grants } = redisStore(client());
    for (let n = 0; n < 60; n += 1) {
      const now = NOW + n * HOUR;
      await grants.insert(grantRow({ actionDigest: `${n}`, createdAt: now, expiresAt: now + MINUTE }));
      await grants.take(takeOf({ actionDigest: `${n}`, markedUntil: now + HOUR, now }));
    }
    assert.ok((await client().hLen(MARKS)) <= 12);
  });
});
