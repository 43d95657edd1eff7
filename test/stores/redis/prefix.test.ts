import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { change, stepUp } from '../../../lib/conformance/session-changes.js';
import { given, insert, listOf, sessionRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from '../../../lib/conformance/setting.js';
import { challengeRow, grantRow, takeOf } from '../../../lib/conformance/step-up-rows.js';
import { type RedisStore, redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis } from './support.js';

const COUNTER = { key: 'guesses', limit: 1, window: MINUTE };

async function fill({ sessions, challenges, grants, attempts }: RedisStore): Promise<void> {
  await given(sessions, sessionRow({ id: 'a' }));
  await sessions.revokeAllForUser('user2', null, NOW);
  await challenges.insert(challengeRow({ id: 'challenge' }), 16);
  await challenges.spend(hashOf('spent'), NOW + MINUTE, NOW);
  await grants.insert(grantRow());
  await grants.insert(grantRow({ actionDigest: 'done' }));
  await grants.take(takeOf({ actionDigest: 'done' }));
  await attempts.count('user', [COUNTER], NOW);
}

async function all<Row>(batches: AsyncIterable<readonly Row[]> | undefined): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const batch of batches ?? []) rows.push(...batch);
  return rows;
}

describeOnRedis('two prefixes on one server', (client) => {
  it("see nothing of each other's rows", async () => {
    const [one, two] = [redisStore(client()), redisStore(client(), { prefix: 'stepgate_2' })];
    await fill(one);
    const { sessions, challenges, grants, attempts } = two;
    assert.equal(await sessions.find(hashOf('a token')), null);
    assert.equal(await sessions.get('a'), null);
    assert.deepEqual(await listOf(sessions, 'user'), []);
    assert.deepEqual(await sessions.list({ limit: 10, after: null, now: NOW }), []);
    assert.equal(await sessions.revoke('a', null), null);
    assert.equal(await change(sessions, 'a', stepUp('a')), null);
    assert.equal(await sessions.deleteExpired(NOW + 20 * HOUR, NOW + 20 * HOUR, 10), 0);
    assert.equal(await challenges.take('session', 'challenge', NOW), null);
    assert.equal(await challenges.spend(hashOf('spent'), NOW + MINUTE, NOW), true);
    assert.deepEqual(await grants.take(takeOf()), { outcome: 'none' });
    assert.deepEqual(await grants.take(takeOf({ actionDigest: 'done' })), { outcome: 'none' });
    assert.deepEqual(await attempts.read('user', ['guesses'], NOW), []);
    for (const { copy } of [sessions, attempts]) assert.deepEqual(await all<unknown>(copy?.rows(NOW)), []);
    assert.deepEqual(await all(sessions.copy?.notBefore.rows(NOW)), []);
  });

  it('can have rows with the same ids, and drop them alone', async () => {
    const [one, two] = [redisStore(client(), { prefix: 'a' }), redisStore(client(), { prefix: 'b' })];
    await fill(one);
    const before = await client().keys('a:*');
    await fill(two);
    await two.sessions.revokeAllForUser('user', null, NOW);
    await two.challenges.dropForUser('user');
    await two.grants.dropForUser('user', null);
    await two.attempts.dropForUser('user');
    assert.deepEqual((await client().keys('a:*')).toSorted(), before.toSorted());
    assert.equal((await insert(one.sessions, sessionRow({ id: 'b' }))).outcome, 'inserted');
    assert.deepEqual(await one.grants.take(takeOf()), { outcome: 'taken', row: grantRow() });
  });

  it('have a realm each', async () => {
    const [one, two] = [redisStore(client()), redisStore(client(), { prefix: 'staff' })];
    assert.equal(await one.sessions.claim('shop'), 'shop');
    assert.equal(await two.sessions.claim('staff'), 'staff');
    await two.migrate({ realm: true });
    assert.equal(await one.grants.claim('other'), 'shop');
    assert.equal(await two.attempts.claim('other'), 'other');
  });
});

describeOnRedis('migrate of redisStore', (client) => {
  it('keeps the realm, and forgets it where it is told to', async () => {
    const { sessions, migrate } = redisStore(client());
    await sessions.claim('shop');
    for (const options of [undefined, {}, { realm: false }]) {
      await migrate(options);
      assert.equal(await sessions.claim('renamed'), 'shop');
    }
    await migrate({ realm: true });
    assert.equal(await sessions.claim('renamed'), 'renamed');
  });
});
