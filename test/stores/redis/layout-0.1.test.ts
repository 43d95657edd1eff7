import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { RedisClientType } from 'redis';
import { change, dropMethod, rotate, stepUp } from '../../../lib/conformance/session-changes.js';
import { listOf, rotatedRow, sessionRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from '../../../lib/conformance/setting.js';
import { challengeRow, grantRow, takeOf } from '../../../lib/conformance/step-up-rows.js';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis } from './support.js';

const SESSIONS = 'stepgate:{user:user}:sessions';

/** The text of a session as stepgate 0.1 wrote it. Never edited: such rows are out there. */
function oldText(id: string): string {
  return JSON.stringify({
    id,
    userId: 'user',
    delivery: 'bearer',
    createdAt: `${NOW - 3 * MINUTE}`,
    authenticatedAt: `${NOW - 4 * MINUTE}`,
    lastSeenAt: `${NOW - 2 * MINUTE}`,
    idleExpiresAt: `${NOW + HOUR}`,
    expiresAt: `${NOW + 10 * HOUR}`,
    tokenHash: hashOf(`${id} token`),
    tokenConfirmedAt: `${NOW - 3 * MINUTE}`,
    refreshHash: hashOf(`${id} refresh`),
    refreshedAt: `${NOW - 3 * MINUTE}`,
    refreshConfirmedAt: `${NOW - 3 * MINUTE}`,
    amr: '["pwd"]',
    'signIn:password': `${NOW - 4 * MINUTE}`,
  });
}

/** What that session is. */
const oldRow = sessionRow({
  id: 'old',
  delivery: 'bearer',
  refreshHash: hashOf('old refresh'),
  refreshedAt: NOW - 3 * MINUTE,
  refreshConfirmedAt: NOW - 3 * MINUTE,
  tokenIssuedAt: NOW - 3 * MINUTE,
  generation: 0,
  passedMethods: [],
});

async function writeOldSession(client: RedisClientType, id: string): Promise<void> {
  await client.hSet(SESSIONS, id, oldText(id));
  await client.set(`stepgate:token:${hashOf(`${id} token`)}`, `user ${id}`);
  await client.set(`stepgate:id:${id}`, `user ${NOW + 10 * HOUR}`);
  await client.zAdd(`stepgate:ids:${id.charAt(0)}`, { score: 0, value: id });
  await client.zAdd(`stepgate:ends:${id.charAt(0)}`, { score: NOW + HOUR, value: id });
}

describeOnRedis('the keys that stepgate 0.1 wrote', (client) => {
  it('are sessions still: found, listed, and of generation 0', async () => {
    await writeOldSession(client(), 'old');
    const { sessions } = redisStore(client());
    assert.deepEqual(await sessions.find(hashOf('old token')), oldRow);
    assert.deepEqual(await sessions.get('old'), oldRow);
    assert.deepEqual(await listOf(sessions, 'user'), [oldRow]);
    assert.deepEqual(await sessions.list({ limit: 10, after: null, now: NOW }), [oldRow]);
  });

  it('are sessions that can be touched, stepped up, refreshed and revoked', async () => {
    await writeOldSession(client(), 'old');
    const { sessions } = redisStore(client());
    const confirms = hashOf('old token');
    await sessions.touch([{ id: 'old', seenAt: NOW, idleExpiresAt: NOW + 2 * HOUR, confirms }], NOW);
    const touched = { ...oldRow, lastSeenAt: NOW, idleExpiresAt: NOW + 2 * HOUR };
    assert.deepEqual(await sessions.get('old'), touched);
    await sessions.changeAllOfUser('user', dropMethod('totp'), NOW);
    assert.deepEqual(await sessions.get('old'), touched);
    const stepped = await change(sessions, 'old', stepUp('old'));
    assert.deepEqual([stepped?.generation, stepped?.passedMethods], [0, ['passkey']]);
    assert.deepEqual(await sessions.find(hashOf('old stepped-up token')), stepped);
    const rotated = await change(sessions, 'old', rotate('old'));
    assert.deepEqual([rotated?.generation, rotated?.passedMethods], [1, ['passkey']]);
    assert.deepEqual(await sessions.revoke('old', 'user'), { id: 'old', userId: 'user' });
  });

  it('are kept beside new ones', async () => {
    await writeOldSession(client(), 'old');
    const { sessions } = redisStore(client());
    const evicted = [{ id: 'old', userId: 'user' }];
    const row = rotatedRow({ id: 'new' });
    const outcome = { outcome: 'inserted', replaced: null, evicted };
    assert.deepEqual(await sessions.insert({ row, replaces: null, cap: 1, now: NOW }), outcome);
  });

  it('are challenges of generation 0', async () => {
    const row = challengeRow({ id: 'a', generation: 0 });
    const { generation: _, ...oldChallenge } = row;
    await client().hSet('stepgate:{session:session}:challenges', 'a', JSON.stringify(oldChallenge));
    const { challenges } = redisStore(client());
    assert.deepEqual(await challenges.take('session', 'a', NOW), row);
  });

  it('are grants that can be taken once, and not once they were spent', async () => {
    const key = 'stepgate:{session:session}:grants';
    const row = grantRow();
    await client().hSet(key, { pay: JSON.stringify(row), spent: JSON.stringify({ ...row, spent: true }) });
    const { grants } = redisStore(client());
    assert.deepEqual(await grants.take(takeOf({ actionDigest: 'spent' })), { outcome: 'none' });
    assert.deepEqual(await grants.take(takeOf()), { outcome: 'taken', row });
    assert.deepEqual(await grants.take(takeOf()), { outcome: 'spent', spentAt: NOW });
  });

  it('are attempts that still count', async () => {
    await client().hSet('stepgate:{user:user}:attempts', 'guesses', `4 ${NOW + MINUTE} ${15 * MINUTE}`);
    const { attempts } = redisStore(client());
    const at = { key: 'guesses', count: 4, endsAt: NOW + MINUTE };
    const counted = await attempts.count('user', [{ key: 'guesses', limit: 4, window: 15 * MINUTE }], NOW);
    assert.deepEqual(counted, { outcome: 'refused', at });
  });
});
