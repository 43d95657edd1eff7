import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { change, replaceCredentials, rotate } from './session-changes.js';
import { given, idsOf, insert, listOf, rotatedRow, sessionRow, sortedIds } from './session-rows.js';
import { HOUR, hashOf, MINUTE, NOW } from './setting.js';
import { confirmedTotp, FIRST, PASSKEY_USE, passkeyRow, usedPasskeyRow, useOf } from './step-up-rows.js';

/** What was put is what was there before, to every other operation. */
export const copiesUsed: readonly CaseGroup[] = [
  {
    group: 'sessions.copy beside the other operations',
    part: 'sessions',
    copies: true,
    cases: {
      'puts sessions that are found, listed, rotated and revoked as any others': async ({ sessions }) => {
        const row = rotatedRow({ id: 'a' });
        await sessions.copy?.put([row], NOW);
        assert.deepEqual(await sessions.find(row.tokenHash), row);
        assert.deepEqual(await sessions.find(hashOf('a previous token')), row);
        assert.deepEqual(await sessions.get('a'), row);
        assert.deepEqual(await listOf(sessions, 'user'), [row]);
        assert.deepEqual(await sessions.list({ limit: 10, after: null, now: NOW }), [row]);
        assert.ok(await change(sessions, 'a', rotate('a', 'next')));
        assert.equal((await sessions.find(hashOf('a next token')))?.id, 'a');
        assert.deepEqual(await sessions.revoke('a', 'user'), { id: 'a', userId: 'user' });
        assert.equal(await sessions.find(hashOf('a next token')), null);
        assert.equal(await sessions.find(row.tokenHash), null);
      },
      'puts sessions that began before the not-before time, which goes on refusing new ones': async ({ sessions }) => {
        const kept = sessionRow({ id: 'kept' });
        await sessions.copy?.notBefore.put([{ userId: 'user', notBefore: NOW }], NOW);
        assert.equal(await sessions.copy?.put([kept], NOW), 1);
        assert.deepEqual(await sessions.get('kept'), kept);
        assert.equal((await insert(sessions, sessionRow({ id: 'late' }))).outcome, 'refused');
        assert.equal((await insert(sessions, sessionRow({ id: 'new', authenticatedAt: NOW + 1 }))).outcome, 'inserted');
      },
      'counts sessions that were put under the cap, and ends no other for them': async ({ sessions }) => {
        await given(sessions, sessionRow({ id: 'a', createdAt: NOW - HOUR }));
        await sessions.copy?.put([sessionRow({ id: 'b' }), sessionRow({ id: 'c', createdAt: NOW })], NOW);
        assert.equal((await listOf(sessions, 'user')).length, 3);
        const inserted = await insert(sessions, sessionRow({ id: 'd', createdAt: NOW + 1 }), { cap: 2 });
        assert.deepEqual(inserted.outcome === 'inserted' && sortedIds(inserted.evicted), ['a', 'b']);
      },
      'gives no session that has expired at either end': async ({ sessions }) => {
        const rows = [
          sessionRow({ id: 'idle', idleExpiresAt: NOW + MINUTE }),
          sessionRow({ id: 'absolute', idleExpiresAt: NOW + MINUTE, expiresAt: NOW + MINUTE }),
          sessionRow({ id: 'live', idleExpiresAt: NOW + MINUTE + 1 }),
        ];
        await given(sessions, ...rows);
        const found: string[] = [];
        for await (const batch of sessions.copy?.rows(NOW + MINUTE) ?? []) found.push(...idsOf(batch));
        assert.deepEqual(found, ['live']);
      },
      'gives the not-before times of revocations and of replaced credentials': async ({ sessions }) => {
        await sessions.revokeAllForUser('user1', null, NOW - 1);
        await given(sessions, sessionRow({ id: 'a', userId: 'user2' }));
        await sessions.replaceCredentials('a', { ...replaceCredentials('a'), userId: 'user2' }, NOW);
        const found = new Set<string>();
        for await (const batch of sessions.copy?.notBefore.rows(NOW) ?? []) {
          for (const { userId, notBefore } of batch) found.add(`${userId} ${notBefore}`);
        }
        assert.deepEqual(found, new Set([`user1 ${NOW - 1}`, `user2 ${NOW}`]));
      },
      'raises a not-before time that is there to a later one': async ({ sessions }) => {
        await sessions.revokeAllForUser('user', null, NOW - 10);
        assert.equal(await sessions.copy?.notBefore.put([{ userId: 'user', notBefore: NOW }], NOW), 1);
        const row = sessionRow({ id: 'a', authenticatedAt: NOW - 5 });
        assert.equal((await insert(sessions, row)).outcome, 'refused');
      },
    },
  },
  {
    group: 'attempts.copy beside the other operations',
    part: 'attempts',
    copies: true,
    cases: {
      'puts counters that count on, and refuse at their limit': async ({ attempts }) => {
        const rows = [
          { userId: 'user', key: 'failures', count: 100, endsAt: null },
          { userId: 'user', key: 'window', count: 4, endsAt: NOW + MINUTE },
        ];
        await attempts.copy?.put(rows, NOW);
        const window = { key: 'window', limit: 5, window: MINUTE };
        assert.deepEqual(await attempts.count('user', [window], NOW), {
          outcome: 'counted',
          counts: [{ key: 'window', count: 5, endsAt: NOW + MINUTE }],
        });
        assert.equal((await attempts.count('user', [window], NOW + MINUTE - 1)).outcome, 'refused');
        assert.equal((await attempts.count('user', [window], NOW + MINUTE)).outcome, 'counted');
        const failures = { key: 'failures', limit: 100, window: null };
        assert.equal((await attempts.count('user', [failures], NOW + 1000 * HOUR)).outcome, 'refused');
      },
      'gives no counter whose window has expired': async ({ attempts }) => {
        await attempts.count('user', [{ key: 'over', limit: null, window: MINUTE }], NOW);
        await attempts.count('user', [{ key: 'live', limit: null, window: MINUTE + 1 }], NOW);
        await attempts.count('user', [{ key: 'endless', limit: null, window: null }], NOW);
        const keys = new Set<string>();
        for await (const batch of attempts.copy?.rows(NOW + MINUTE) ?? []) for (const { key } of batch) keys.add(key);
        assert.deepEqual(keys, new Set(['live', 'endless']));
      },
    },
  },
  {
    group: 'passkeys.copy and totp.copy beside the other operations',
    part: 'passkeys',
    beside: 'totp',
    copies: true,
    cases: {
      'put methods that are used, and stand in the way of a first one': async ({ passkeys, totp }) => {
        const row = usedPasskeyRow({ id: 'a' });
        await passkeys.copy?.put([row], NOW);
        await totp.copy?.put([confirmedTotp({ userId: 'user2' })], NOW);
        assert.deepEqual(await passkeys.listForUser('user'), [row]);
        assert.equal(await passkeys.use({ ...PASSKEY_USE, counter: 7 }), false);
        assert.equal(await passkeys.use(PASSKEY_USE), true);
        assert.equal(await totp.useStep({ ...useOf(100), userId: 'user2' }), false);
        assert.equal(await totp.useStep({ ...useOf(101), userId: 'user2' }), true);
        for (const userId of ['user', 'user2']) {
          const first = usedPasskeyRow({ id: `first of ${userId}`, userId });
          assert.equal(await passkeys.insert(first, FIRST), 'not-first-method');
        }
      },
      'put more passkeys than the cap, all of them, and then there is no room': async ({ passkeys }) => {
        const ids = ['a', 'b', 'c', 'd'];
        assert.equal(
          await passkeys.copy?.put(
            ids.map((id) => passkeyRow({ id })),
            NOW,
          ),
          4,
        );
        const add = async () => passkeys.insert(passkeyRow({ id: 'e' }), { onlyIfNone: false, max: 3 });
        assert.equal(await add(), 'full');
        await passkeys.remove('user', 'a');
        assert.equal(await add(), 'full');
        await passkeys.remove('user', 'b');
        assert.equal(await add(), 'inserted');
      },
    },
  },
  {
    group: 'recoveryCodes.copy beside the other operations',
    part: 'recoveryCodes',
    copies: true,
    cases: {
      'gives the codes that are left, and no user who has none': async ({ recoveryCodes }) => {
        await recoveryCodes.replace('user1', [hashOf('1'), hashOf('2')], NOW);
        await recoveryCodes.replace('user2', [hashOf('3')], NOW);
        await recoveryCodes.take('user1', hashOf('1'));
        await recoveryCodes.take('user2', hashOf('3'));
        const sets = [];
        for await (const batch of recoveryCodes.copy?.rows(NOW) ?? []) sets.push(...batch);
        assert.deepEqual(sets, [{ userId: 'user1', hashes: [hashOf('2')], createdAt: NOW }]);
      },
      'puts codes that are good once, for a user who has none': async ({ recoveryCodes }) => {
        const set = { userId: 'user', hashes: [hashOf('1'), hashOf('2')], createdAt: NOW - 1 };
        await recoveryCodes.copy?.put([set], NOW);
        assert.deepEqual(await recoveryCodes.count('user'), { left: 2, createdAt: NOW - 1 });
        assert.equal(await recoveryCodes.take('user', hashOf('1')), true);
        assert.equal(await recoveryCodes.copy?.put([set], NOW), 0);
        assert.equal(await recoveryCodes.take('user', hashOf('1')), false);
      },
    },
  },
];
