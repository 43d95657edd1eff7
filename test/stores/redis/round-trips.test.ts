import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { RedisClientType } from 'redis';
import { change, rotate, stepUp } from '../../../lib/conformance/session-changes.js';
import { given, rotatedRow, sessionRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, NOW } from '../../../lib/conformance/setting.js';
import { type RedisClient, redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis, wrapped } from './support.js';

/** A client that counts how often it is asked while nothing is under way: what is asked together is one trip. */
function counting(client: RedisClientType): RedisClient & { trips: () => number } {
  let underWay = 0;
  let trips = 0;
  const counted = wrapped(client, async ([name], send) => {
    if (name === 'EVAL') return send(); // only for a script that the server has never seen
    if (underWay === 0) trips += 1;
    underWay += 1;
    try {
      return await send();
    } finally {
      underWay -= 1;
    }
  });
  return Object.assign(counted, { trips: () => trips });
}

describeOnRedis('a round trip to Redis', (server) => {
  const row = rotatedRow({ id: 'a' });
  const stepUpAfter = { ...stepUp('a'), presented: hashOf('a rotated token') };

  it('is made once for a token that was seen before, twice for others', async () => {
    const client = counting(server());
    const { sessions } = redisStore(client);
    await given(sessions, row);
    for (const trips of [2, 1, 1]) {
      const before = client.trips();
      assert.deepEqual(await sessions.find(row.tokenHash), row);
      assert.equal(client.trips() - before, trips);
    }
  });

  it('is made twice for a batch of touches, however many there are', async () => {
    const client = counting(server());
    const { sessions } = redisStore(client);
    const rows = Array.from({ length: 50 }, (_, n) => sessionRow({ id: `row-${n}`, userId: `user${n % 20}` }));
    await given(sessions, ...rows);
    const before = client.trips();
    const touches = rows.map(({ id }) => ({ id, seenAt: NOW, idleExpiresAt: NOW + 2 * HOUR, confirms: null }));
    await sessions.touch(touches, NOW);
    assert.equal(client.trips() - before, 2);
    assert.deepEqual((await sessions.get('row-49'))?.lastSeenAt, NOW);
  });

  it('is made four times for a new token: whose, the row and the lookup key, the step, the old lookup key', async () => {
    const client = counting(server());
    const { sessions } = redisStore(client);
    await given(sessions, row);
    const before = client.trips();
    assert.notEqual(await change(sessions, 'a', rotate('a')), null);
    assert.equal(client.trips() - before, 4);
    assert.notEqual(await change(sessions, 'a', stepUpAfter), null);
    assert.equal(client.trips() - before, 8);
  });

  it('is never spared at the cost of a session that has ended, or of its old token', async () => {
    const [here, elsewhere] = [redisStore(server()), redisStore(server())];
    await given(here.sessions, row);
    assert.deepEqual(await here.sessions.find(row.tokenHash), row);
    await change(elsewhere.sessions, 'a', rotate('a'));
    await change(elsewhere.sessions, 'a', stepUpAfter);
    assert.equal(await here.sessions.find(row.tokenHash), null);
    assert.equal((await here.sessions.find(hashOf('a stepped-up token')))?.id, 'a');
    await elsewhere.sessions.revoke('a', null);
    assert.equal(await here.sessions.find(hashOf('a stepped-up token')), null);
    await given(
      elsewhere.sessions,
      sessionRow({ id: 'again', userId: 'another', tokenHash: hashOf('a stepped-up token') }),
    );
    assert.equal((await here.sessions.find(hashOf('a stepped-up token')))?.id, 'again');
  });
});
