import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import type { RedisClientType } from 'redis';
import { change, dropMethod, rotate, stepUp } from '../../../lib/conformance/session-changes.js';
import { idsOf, insert, listOf, rotatedRow, sessionRow, sortedIds } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from '../../../lib/conformance/setting.js';
import { challengeRow, grantRow, takeOf } from '../../../lib/conformance/step-up-rows.js';
import { type RedisStore, redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis, wrapped } from './support.js';

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

/** Everything that a row of this layout could have. Never edited either. */
const fullRow = rotatedRow({ id: 'full', restricted: false });
const FULL_TEXT = JSON.stringify({
  id: 'full',
  userId: 'user',
  delivery: 'bearer',
  createdAt: `${fullRow.createdAt}`,
  authenticatedAt: `${fullRow.authenticatedAt}`,
  lastSeenAt: `${fullRow.lastSeenAt}`,
  idleExpiresAt: `${fullRow.idleExpiresAt}`,
  expiresAt: `${fullRow.expiresAt}`,
  userAgent: 'a browser',
  ip: '192.0.2.1',
  label: 'my phone',
  tokenHash: hashOf('full token'),
  previousTokenHash: hashOf('full previous token'),
  tokenNonce: 'full token nonce',
  tokenMethod: 'totp',
  tokenIssuedAt: `${fullRow.tokenIssuedAt}`,
  tokenConfirmedAt: `${fullRow.tokenConfirmedAt}`,
  refreshHash: hashOf('full refresh'),
  parentRefreshHash: hashOf('full parent refresh'),
  refreshNonce: 'full refresh nonce',
  refreshedAt: `${fullRow.refreshedAt}`,
  refreshConfirmedAt: `${fullRow.refreshConfirmedAt}`,
  acr: 'urn:example:acr',
  generation: '3',
  idleLifetime: '1234567',
  amr: '["pwd"]',
  passedMethods: '["totp"]',
  data: '{"tenant":"acme"}',
  persistent: 'false',
  impersonator: '{"userId":"admin-a","sessionId":"session-of-admin-a","reason":"ticket 7"}',
  'signIn:password': `${NOW - 4 * MINUTE}`,
  'stepUp:totp': `${NOW - 40_000}`,
});

async function writeFullSession(client: RedisClientType): Promise<void> {
  await writeOldSession(client, 'full');
  await client.hSet(SESSIONS, 'full', FULL_TEXT);
  await client.set(`stepgate:token:${hashOf('full previous token')}`, 'user full');
}

async function migrated(client: RedisClientType): Promise<RedisStore> {
  const store = redisStore(client);
  await store.migrate();
  return store;
}

describeOnRedis('the sessions that an older stepgate laid out in Redis', (client) => {
  it('are refused, whatever is asked, until they are migrated', async () => {
    await writeOldSession(client(), 'old');
    const keys = (await client().keys('*')).toSorted();
    const { sessions, attempts, migrate } = redisStore(client());
    const fault = {
      name: 'SetupError',
      message:
        'The sessions in Redis are laid out as an older stepgate did. Stop all processes of that, then call ' +
        '`migrate()` of `redisStore` once, before the app listens.',
    };
    for (let time = 0; time < 2; time += 1) {
      await assert.rejects(async () => sessions.find(hashOf('old token')), fault);
      await assert.rejects(sessions.revokeAllForUser('user', null, NOW), fault);
      await assert.rejects(insert(sessions, sessionRow({ id: 'new' })), fault);
      await assert.rejects(attempts.dropForUser('user'), fault);
    }
    assert.deepEqual((await client().keys('*')).toSorted(), keys);
    await migrate();
    assert.deepEqual(await sessions.find(hashOf('old token')), oldRow);
  });

  it('are refused where only the time is left before which sign-ins are', async () => {
    await client().zAdd('stepgate:users-with-not-before', { score: NOW, value: 'user' });
    await client().hSet(SESSIONS, ':not-before', `${NOW}`);
    await assert.rejects(async () => redisStore(client()).sessions.get('old'), { name: 'SetupError' });
    const { sessions } = await migrated(client());
    assert.deepEqual(await insert(sessions, sessionRow({ id: 'late' })), { outcome: 'refused' });
  });

  it('are the same sessions once they are migrated, and nothing is left of the old keys', async () => {
    await writeOldSession(client(), 'old');
    await writeFullSession(client());
    const { sessions } = await migrated(client());
    assert.deepEqual(await sessions.get('full'), fullRow);
    assert.deepEqual(await sessions.find(hashOf('full previous token')), fullRow);
    assert.deepEqual(await sessions.find(hashOf('full token')), fullRow);
    assert.deepEqual(await sessions.get('old'), oldRow);
    for (const pattern of ['stepgate:[ie]*', 'stepgate:token:*', SESSIONS]) {
      assert.deepEqual(await client().keys(pattern), [], pattern);
    }
    await redisStore(client()).migrate();
    assert.deepEqual(await sessions.get('full'), fullRow);
  });

  it('are all migrated, however many there are, where the migration is interrupted and called again', async () => {
    const ids = Array.from({ length: 450 }, (_, n) => `old-${n}`).toSorted();
    for (const id of ids) await writeOldSession(client(), id);
    for (const sent of [500, 1_500]) {
      let left = sent;
      const cut = wrapped(client(), async (_command, send) => {
        left -= 1;
        if (left < 0) throw new Error('The connection is lost.');
        return send();
      });
      await assert.rejects(redisStore(cut).migrate(), /The connection is lost/);
      await assert.rejects(async () => redisStore(client()).sessions.get('old-1'), { name: 'SetupError' });
    }
    const { sessions } = await migrated(client());
    assert.deepEqual(sortedIds(await listOf(sessions, 'user')), ids);
    assert.deepEqual(idsOf(await sessions.list({ limit: 1000, after: null, now: NOW })), ids);
  });

  it('are refused in a layout of a newer stepgate', async () => {
    await client().set('stepgate:layout', '3');
    const { sessions, migrate } = redisStore(client());
    const fault = { name: 'SetupError', message: /have layout 3, which this version of stepgate doesn't know/ };
    await assert.rejects(async () => sessions.get('a'), fault);
    await assert.rejects(migrate(), fault);
  });

  it('are found, listed, and of generation 0', async () => {
    await writeOldSession(client(), 'old');
    const { sessions } = await migrated(client());
    assert.deepEqual(await sessions.find(hashOf('old token')), oldRow);
    assert.deepEqual(await sessions.get('old'), oldRow);
    assert.deepEqual(await listOf(sessions, 'user'), [oldRow]);
    assert.deepEqual(await sessions.list({ limit: 10, after: null, now: NOW }), [oldRow]);
  });

  it('can be touched, stepped up, refreshed and revoked', async () => {
    await writeOldSession(client(), 'old');
    const { sessions } = await migrated(client());
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
    const { sessions } = await migrated(client());
    const evicted = [{ id: 'old', userId: 'user' }];
    const row = rotatedRow({ id: 'new' });
    const outcome = { outcome: 'inserted', replaced: null, evicted };
    assert.deepEqual(await sessions.insert({ row, replaces: null, cap: 1, now: NOW }), outcome);
  });
});

describeOnRedis('the other keys that stepgate 0.1 wrote', (client) => {
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
