import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import { change, replaceCredentials, rotate, stepUp } from '../../../lib/conformance/session-changes.js';
import { given, insert, listOf, rotatedRow, sessionRow } from '../../../lib/conformance/session-rows.js';
import { HOUR, hashOf, MINUTE, NOW, parallel } from '../../../lib/conformance/setting.js';
import { challengeRow, grantRow } from '../../../lib/conformance/step-up-rows.js';
import type { SessionRow } from '../../../lib/stores/contract/sessions.js';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { describeOnRedis } from './support.js';

const DAY = 24 * HOUR;
const SESSIONS = 'stepgate:{user:user}';
const ATTEMPTS = 'stepgate:{user:user}:attempts';

function keyOf(token: string): string {
  return `stepgate:tokens:${hashOf(token).slice(0, 2)}`;
}

describeOnRedis('the keys in Redis', (client) => {
  const store = () => redisStore(client());

  async function livesFor(key: string): Promise<number> {
    return client().pTTL(key);
  }

  function lookupsOf(row: SessionRow | null): readonly string[] {
    const tokens = [row?.tokenHash, row?.previousTokenHash].filter((token) => typeof token === 'string');
    return tokens.map((token) => token.slice(0, 14)).toSorted();
  }

  function keysOf(row: SessionRow | null): readonly string[] {
    return lookupsOf(row).map((token) => `stepgate:tokens:${token.slice(0, 2)}`);
  }

  /** How many sessions that begin with `ro` have an end at which they are looked at within the hour. */
  async function seemOver(): Promise<number> {
    const leads = await client().hVals('stepgate:sessions:ro');
    return leads.filter((lead) => Number.parseInt(lead, 36) <= NOW + HOUR).length;
  }

  /** The beginnings of all tokens that lead anywhere. */
  async function allLookups(): Promise<readonly string[]> {
    const keys = await client().keys('stepgate:tokens:*');
    const inEach = await Promise.all(keys.map(async (key) => ({ key, fields: await client().hKeys(key) })));
    return inEach.flatMap(({ key, fields }) => fields.map((field) => `${key.slice(-2)}${field}`)).toSorted();
  }

  it('stay until the absolute end of the session that lasts longest', async () => {
    const { sessions } = store();
    await given(
      sessions,
      rotatedRow({ id: 'long', idleExpiresAt: NOW + HOUR, expiresAt: NOW + 30 * DAY }),
      sessionRow({ id: 'short', idleExpiresAt: NOW + HOUR, expiresAt: NOW + 2 * HOUR }),
    );
    const keys = ['stepgate:sessions:lo', SESSIONS, ...keysOf(await sessions.get('long'))];
    for (const key of keys) assert.ok((await livesFor(key)) >= 30 * DAY, key);

    await sessions.touch([{ id: 'long', seenAt: NOW, idleExpiresAt: NOW + 7 * DAY, confirms: null }], NOW);
    await sessions.revoke('short', null);
    await sessions.revokeAllForUser('user', 'long', NOW);
    for (const key of keys) assert.ok((await livesFor(key)) >= 30 * DAY, key);
  });

  it('lead to each new token as long', async () => {
    const { sessions } = store();
    await given(sessions, rotatedRow({ id: 'a', expiresAt: NOW + 30 * DAY }));
    await change(sessions, 'a', rotate('a'));
    assert.ok((await livesFor(keyOf('a rotated token'))) >= 30 * DAY);
    await change(sessions, 'a', { ...stepUp('a'), presented: hashOf('a rotated token') });
    assert.ok((await livesFor(keyOf('a stepped-up token'))) >= 30 * DAY);
    const presented = hashOf('a stepped-up token');
    await sessions.replaceCredentials('a', { ...replaceCredentials('a'), presented }, NOW);
    assert.ok((await livesFor(keyOf('a replaced token'))) >= 30 * DAY);
  });

  it('lead to a session that slid past its first end: all are revoked, listed and counted', async () => {
    const { sessions } = store();
    await given(sessions, sessionRow({ id: 'a', idleExpiresAt: NOW + HOUR, expiresAt: NOW + 30 * DAY }));
    await sessions.touch([{ id: 'a', seenAt: NOW, idleExpiresAt: NOW + 7 * DAY, confirms: null }], NOW);
    for (const each of [SESSIONS, keyOf('a token'), 'stepgate:sessions:a']) {
      // As the server does when a day has passed.
      await client().pExpire(each, (await livesFor(each)) - DAY);
      assert.ok((await livesFor(each)) > 29 * DAY, each);
    }
    assert.deepEqual(
      (await listOf(sessions, 'user', { now: NOW + DAY })).map(({ id }) => id),
      ['a'],
    );
    const capped = await insert(sessions, sessionRow({ id: 'b', authenticatedAt: NOW + DAY }), {
      cap: 1,
      now: NOW + DAY,
    });
    assert.deepEqual(capped, { outcome: 'inserted', replaced: null, evicted: [{ id: 'a', userId: 'user' }] });
    assert.deepEqual(await sessions.revokeAllForUser('user', null, NOW + DAY), [{ id: 'b', userId: 'user' }]);
  });

  it('lead to a session from each token it has, and from no token it had', async () => {
    const { sessions } = store();
    await given(sessions, rotatedRow({ id: 'a' }));
    const steps = [
      (name: string, row: SessionRow) => ({ ...rotate('a', name), presented: row.refreshHash ?? hashOf('none') }),
      (name: string) => stepUp('a', 'passkey', name),
      (name: string, row: SessionRow) => ({ ...stepUp('a', 'passkey', name), presented: row.tokenHash }),
    ];
    async function step(n: number): Promise<void> {
      const row = await sessions.get('a');
      const asked = row && steps[n % steps.length]?.(`${n}`, row);
      if (asked) await change(sessions, 'a', asked);
    }
    for (let round = 0; round < 5; round += 1) {
      await parallel(30, (n) => step(100 * round + n));
      const row = await sessions.get('a');
      assert.deepEqual(await allLookups(), lookupsOf(row));
      assert.deepEqual(await sessions.find(row?.tokenHash ?? hashOf('none')), row);
      assert.deepEqual(await sessions.find(row?.previousTokenHash ?? hashOf('none')), row);
    }
  });

  it('still lead to a token that the same step is asked for again', async () => {
    const { sessions } = store();
    await given(sessions, rotatedRow({ id: 'a' }));
    const made = await parallel(3, () => change(sessions, 'a', rotate('a')));
    assert.equal(made.filter((row) => row !== null).length, 1);
    assert.equal((await sessions.find(hashOf('a rotated token')))?.id, 'a');
  });

  it('go when a session is found to have gone by itself', async () => {
    const { sessions } = store();
    await given(sessions, sessionRow({ id: 'a' }), sessionRow({ id: 'b' }));
    await client().del(SESSIONS); // as the server does in time
    assert.deepEqual(await sessions.list({ limit: 10, after: null, now: NOW }), []);
    assert.equal(await sessions.deleteExpired(NOW + HOUR, 0, 100), 0);
    assert.deepEqual(await client().keys('stepgate:sessions:*'), []);
  });

  it('of tokens go in a clean-up some time after the end of the session that they led to', async () => {
    const { sessions } = store();
    const rows = ['a', 'b'].map((id) => sessionRow({ id, expiresAt: NOW + 10 * HOUR }));
    await given(sessions, ...rows);
    await client().del(SESSIONS); // as the server does in time, or a crash between two steps
    await sessions.deleteExpired(NOW + 10 * HOUR, 0, 100);
    assert.deepEqual(await allLookups(), rows.flatMap(lookupsOf).toSorted());
    await sessions.deleteExpired(NOW + 11 * HOUR, 0, 100);
    assert.deepEqual(await allLookups(), []);
  });

  it('are looked at no more than the limit in one clean-up, where most sessions have slid', async () => {
    const { sessions } = store();
    const rows = Array.from({ length: 30 }, (_, n) => sessionRow({ id: `row-${n}`, idleExpiresAt: NOW + MINUTE + n }));
    await given(sessions, ...rows);
    const touches = rows.slice(1).map(({ id }) => ({ id, seenAt: NOW, idleExpiresAt: NOW + 9 * HOUR, confirms: null }));
    await sessions.touch(touches, NOW);
    assert.equal(await sessions.deleteExpired(NOW + HOUR, 0, 10), 1);
    assert.equal(await seemOver(), 20);
    for (const _ of [1, 2]) assert.equal(await sessions.deleteExpired(NOW + HOUR, 0, 10), 0);
    assert.equal(await seemOver(), 0);
    assert.equal((await listOf(sessions, 'user', { now: NOW + HOUR })).length, 29);
  });

  it('of grants and challenges stay as long as the row that lasts longest', async () => {
    const { challenges, grants } = store();
    for (const [name, minutes] of [
      ['long', 9],
      ['short', 1],
    ] as const) {
      const times = { createdAt: NOW, expiresAt: NOW + minutes * MINUTE };
      await challenges.insert(challengeRow({ id: name, ...times }), 16);
      await grants.insert(grantRow({ actionDigest: name, ...times }));
    }
    for (const part of ['challenges', 'grants']) {
      const times = [`{session:session}:${part}`, `{user:user}:sessions-with-${part}`].map((key) =>
        livesFor(`stepgate:${key}`),
      );
      for (const time of await Promise.all(times)) assert.ok(time >= 9 * MINUTE, `${part}: ${time}`);
    }
  });

  it('of grants hold none that are long over', async () => {
    const { grants } = store();
    for (const minutes of [0, 5, 10, 15]) {
      const createdAt = NOW + minutes * MINUTE;
      await grants.insert(grantRow({ actionDigest: `pay ${minutes}`, createdAt, expiresAt: createdAt + 5 * MINUTE }));
    }
    assert.deepEqual((await client().hKeys('stepgate:{session:session}:grants')).toSorted(), ['pay 10', 'pay 15']);
  });

  it('of attempts go some time after their windows, once no counter without one is left', async () => {
    const { attempts } = store();
    const counters = [
      { key: 'in a row', limit: null, window: null },
      { key: 'of the session', limit: 5, window: 15 * MINUTE },
      { key: 'of the user', limit: 20, window: 20 * MINUTE },
    ];
    await attempts.count('user', counters, NOW);
    assert.equal(await livesFor(ATTEMPTS), -1);
    await attempts.reset('user', { clear: ['in a row', 'of the session'], refund: ['of the user'] });
    const time = await livesFor(ATTEMPTS);
    assert.ok(time >= 20 * MINUTE - 1000 && time < HOUR, String(time));
    await attempts.count('user', counters.slice(1), NOW + 5 * MINUTE);
    assert.ok((await livesFor(ATTEMPTS)) >= 20 * MINUTE - 1000);
    await attempts.dropForUser('user');
    assert.deepEqual(await client().keys('*'), ['stepgate:layout']);
  });
});
