import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { approvalRow, approve, givenApprovals } from '../../lib/conformance/approval-rows.js';
import { DROP_PROOFS, replaceCredentials } from '../../lib/conformance/session-changes.js';
import { given, listOf, rotatedRow, sessionRow } from '../../lib/conformance/session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from '../../lib/conformance/setting.js';
import { challengeRow, grantRow, takeOf } from '../../lib/conformance/step-up-rows.js';
import { type RedisClient, redisStore } from '../../lib/stores/redis/index.js';
import { describeOnRedis } from '../stores/redis/support.js';
import { plain, read, sections } from './markdown.js';

const section = sections(read('docs/stores.md')).get('Redis') ?? '';

/** Does something of every kind, and leaves something of every kind. */
async function useAll(client: RedisClient): Promise<void> {
  const { sessions, challenges, grants, approvals, attempts, migrate } = redisStore(client);
  await sessions.claim('old name');
  await migrate({ realm: true });
  await sessions.claim('new name');
  await given(sessions, rotatedRow({ id: 'a' }), sessionRow({ id: 'b' }), sessionRow({ id: 'c', idleExpiresAt: NOW }));
  await sessions.touch([{ id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null }], NOW);
  await listOf(sessions, 'user');
  await sessions.list({ limit: 10, after: null, now: NOW });
  await sessions.deleteExpired(NOW, NOW, 10);
  await sessions.changeAllOfUser('user', DROP_PROOFS, NOW);
  await sessions.revoke('b', null);
  assert.equal((await sessions.replaceCredentials('a', replaceCredentials('a'), NOW)).outcome, 'replaced');
  await sessions.revokeAllForUser('user2', null, NOW);
  await sessions.deleteExpired(NOW, NOW + 1, 10);
  await sessions.revokeAllForUser('user', 'a', NOW);
  for (const id of ['taken', 'left']) await challenges.insert(challengeRow({ id }), 16);
  await challenges.take('session', 'taken', NOW);
  await challenges.spend(hashOf('challenge'), NOW + MINUTE, NOW);
  await challenges.dropForUser('user2');
  await grants.insert(grantRow());
  assert.equal((await grants.take(takeOf())).outcome, 'taken');
  await grants.insert(grantRow());
  await grants.dropForSession('session2');
  await givenApprovals(approvals, approvalRow({ id: 'a' }), approvalRow({ id: 'b', approvers: ['user2'] }));
  await approvals.change('a', approve(), NOW);
  await approvals.dropForUser('user2', null);
  for (const window of [null, MINUTE]) await attempts.count('user', [{ key: `${window}`, limit: 5, window }], NOW);
  await attempts.reset('user', { clear: ['null'], refund: [`${MINUTE}`] });
  assert.equal((await attempts.read('user', [`${MINUTE}`], NOW)).length, 1);
}

describeOnRedis('the Redis section of docs/stores.md', (server) => {
  it('names every key that the store makes, and no other', async () => {
    await useAll(server());
    const keys = await server().keys('*');
    const names = [...section.matchAll(/^\| (`stepgate:.*?) \|/gm)].flatMap(([, cell = '']) => plain(cell).split(', '));
    const patterns = names.map((name) => new RegExp(`^${name.replaceAll(/<[^>]+>/g, '[^:{}]+')}$`));
    const unnamed = keys.filter((key) => patterns.filter((pattern) => pattern.test(key)).length !== 1);
    assert.deepEqual(unnamed, []);
    const unmade = names.filter((_, index) => !keys.some((key) => patterns[index]?.test(key)));
    assert.deepEqual(unmade, []);
  });

  it('names what a user of the server must be allowed', async () => {
    const [rules = ''] = section.match(/~stepgate:\* [^`]+/) ?? [];
    await server().sendCommand(['ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...rules.split(' ')]);
    const client = server().duplicate({ username: 'app', password: 'secret' });
    await client.connect();
    try {
      await useAll(client);
    } finally {
      client.destroy();
    }
  });
});
