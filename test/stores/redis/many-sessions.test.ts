import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { DROP_PROOFS, replaceCredentials } from '../../../lib/conformance/session-changes.js';
import { insert, listOf, present, rotatedRow, sessionRow, sortedIds } from '../../../lib/conformance/session-rows.js';
import { hashOf, NOW } from '../../../lib/conformance/setting.js';
import type { SessionStore } from '../../../lib/stores/contract/sessions.js';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis } from './support.js';

const COUNT = 2_500;
const ids = Array.from({ length: COUNT }, (_, n) => `row-${n}`).toSorted();

/** As many as are ended without being read; `row-0` is the oldest. */
async function fill(sessions: SessionStore): Promise<void> {
  const rows = ids.map((id) => rotatedRow({ id, createdAt: NOW - COUNT + Number(id.slice(4)), impersonator: null }));
  for (let n = 0; n < COUNT; n += 250) await sessions.copy?.put(rows.slice(n, n + 250), NOW);
}

describeOnRedis('2,500 sessions of one user in Redis', (client) => {
  it('are all revoked but the excepted one, with their lookup keys, and later sign-ins are refused', async () => {
    const { sessions } = redisStore(client());
    await fill(sessions);
    const ended = await sessions.revokeAllForUser('user', 'row-7', NOW);
    assert.deepEqual(
      sortedIds(ended),
      ids.filter((id) => id !== 'row-7'),
    );
    assert.deepEqual((await client().hKeys('stepgate:{user:user}:sessions')).toSorted(), [':not-before', 'row-7']);
    assert.deepEqual(await client().keys('stepgate:id:*'), ['stepgate:id:row-7']);
    for (const list of ['ids', 'ends']) assert.equal(await client().zCard(`stepgate:${list}:r`), 1);
    assert.equal(await sessions.find(hashOf('row-8 token')), null);
    assert.equal((await sessions.find(hashOf('row-7 previous token')))?.id, 'row-7');
    assert.deepEqual(await insert(sessions, sessionRow({ id: 'late' })), { outcome: 'refused' });
  });

  it('end where credentials are replaced', async () => {
    const { sessions } = redisStore(client());
    await fill(sessions);
    const replaced = await sessions.replaceCredentials('row-7', replaceCredentials('row-7'), NOW);
    assert.equal(replaced.outcome === 'replaced' && replaced.ended.length, COUNT - 1);
    assert.deepEqual(await present(sessions, 'row-6', 'row-7', 'row-8'), ['row-7']);
    assert.equal((await sessions.find(hashOf('row-7 replaced token')))?.id, 'row-7');
  });

  it('are evicted, the oldest first, by a cap that is new', async () => {
    const { sessions } = redisStore(client());
    await fill(sessions);
    const signIn = await insert(sessions, sessionRow({ id: 'new' }), { cap: 3 });
    assert.equal(signIn.outcome === 'inserted' && signIn.evicted.length, COUNT - 2);
    const kept = [`row-${COUNT - 2}`, `row-${COUNT - 1}`, 'new'];
    assert.deepEqual(sortedIds(await listOf(sessions, 'user')), kept.toSorted());
    assert.deepEqual(await present(sessions, 'row-0', ...kept), kept);
  });

  it('lose their proofs, each of them', async () => {
    const { sessions } = redisStore(client());
    await fill(sessions);
    await sessions.changeAllOfUser('user', DROP_PROOFS, NOW);
    const rows = await listOf(sessions, 'user', { limit: COUNT });
    assert.equal(rows.length, COUNT);
    assert.ok(rows.every(({ signInProofs }) => Object.keys(signInProofs).length === 0));
  });
});
