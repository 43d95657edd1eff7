import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { RedisClientType } from 'redis';
import { change, DROP_PROOFS, replaceCredentials, rotate, stepUp } from '../../../lib/conformance/session-changes.js';
import { given, insert, present, rotatedRow, sessionRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, NOW } from '../../../lib/conformance/setting.js';
import { type RedisClient, redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis, wrapped } from './support.js';

/** A client that lets `between` run before each write that takes the row as it was read. */
function overtaken(client: RedisClientType, between: () => Promise<unknown>): RedisClient {
  return wrapped(client, async ([name, , , , , read], send) => {
    if (name === 'EVALSHA' && read?.includes(' {')) await between();
    return send();
  });
}

describeOnRedis('a change of a session in Redis', (server) => {
  /** Lets so many other changes of the session come first. */
  function changing(times: number): RedisClient {
    const { sessions } = redisStore(server());
    let n = 0;
    return overtaken(server(), async () => {
      n += 1;
      if (n <= times) await sessions.change('a', DROP_PROOFS, NOW);
    });
  }

  it('loses nothing of what comes between its reading and its writing', async () => {
    const before = rotatedRow({ id: 'a' });
    await given(redisStore(server()).sessions, before);
    const { sessions } = redisStore(changing(3));
    const row = await change(sessions, 'a', rotate('a'));
    assert.equal(row?.generation, before.generation + 4);
    assert.deepEqual(await sessions.find(hashOf('a rotated token')), row);
  });

  it('is made beside touches without a second try, and keeps what they have moved', async () => {
    const quiet = redisStore(server()).sessions;
    await given(quiet, rotatedRow({ id: 'a' }));
    let n = 0;
    const touching = overtaken(server(), async () => {
      n += 1;
      await quiet.touch([{ id: 'a', seenAt: NOW + n, idleExpiresAt: NOW + 2 * HOUR, confirms: null }], NOW);
    });
    const row = await change(redisStore(touching).sessions, 'a', rotate('a'));
    assert.deepEqual([n, row?.lastSeenAt, row?.idleExpiresAt], [1, NOW + 1, NOW + 2 * HOUR]);
    assert.deepEqual(await quiet.find(hashOf('a rotated token')), row);
  });

  it('ends no session but once it is made, where credentials are replaced', async () => {
    await given(redisStore(server()).sessions, rotatedRow({ id: 'a' }), sessionRow({ id: 'b' }));
    const { sessions } = redisStore(changing(3));
    const { outcome } = await sessions.replaceCredentials('a', replaceCredentials('a'), NOW);
    assert.equal(outcome, 'replaced');
    assert.deepEqual(await present(sessions, 'a', 'b'), ['a']);
  });

  it('fails where others come first for 2 s, and has written nothing', async () => {
    const quiet = redisStore(server()).sessions;
    await given(quiet, rotatedRow({ id: 'a' }), sessionRow({ id: 'b' }));
    const { sessions } = redisStore(changing(Infinity));
    const failures = await Promise.allSettled([
      sessions.change('a', stepUp('a'), NOW),
      sessions.replaceCredentials('a', replaceCredentials('a'), NOW),
    ]);
    assert.deepEqual(
      failures.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.deepEqual(await present(quiet, 'a', 'b'), ['a', 'b']);
    assert.equal((await quiet.get('a'))?.tokenHash, hashOf('a token'));
    for (const name of ['stepped-up', 'replaced']) assert.equal(await quiet.find(hashOf(`a ${name} token`)), null);
    assert.equal((await insert(quiet, sessionRow({ id: 'c', authenticatedAt: NOW }))).outcome, 'inserted');
  });
});
