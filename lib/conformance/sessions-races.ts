import type { EndedSession, InsertOutcome } from '../stores/contract/sessions.js';
import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, idsOf, insert, listOf, liveIds, present, rotatedRow, sessionRow, sortedIds } from './session-rows.js';
import { HOUR, hashOf, NOW, parallel } from './setting.js';

function endedBy(outcomes: readonly InsertOutcome[]): readonly EndedSession[] {
  return outcomes.flatMap((each) =>
    each.outcome === 'inserted' ? [...each.evicted, ...(each.replaced === null ? [] : [each.replaced])] : [],
  );
}

export const sessionsRaces: CaseGroup = {
  group: 'sessions: races',
  part: 'sessions',
  cases: {
    'keep exactly 3 of 50 parallel inserts under a cap of 3, and evict each other once': async ({ sessions }) => {
      const outcomes = await parallel(50, (n) => insert(sessions, sessionRow({ id: `row-${n}` }), { cap: 3 }));
      const live = await liveIds(sessions);
      assert.equal(live.length, 3);
      const all = Array.from({ length: 50 }, (_, n) => ({ id: `row-${n}` }));
      assert.deepEqual([...live, ...idsOf(endedBy(outcomes))].toSorted(), sortedIds(all));
    },

    'keep the cap of each of several users': async ({ sessions }) => {
      await parallel(40, (n) => insert(sessions, sessionRow({ id: `row-${n}`, userId: `user${n % 4}` }), { cap: 2 }));
      for (const n of [0, 1, 2, 3]) assert.equal((await listOf(sessions, `user${n}`)).length, 2);
    },

    'end a session once that 50 parallel inserts replace': async ({ sessions }) => {
      await given(sessions, rotatedRow({ id: 'old' }));
      const outcomes = await parallel(50, (n) =>
        insert(sessions, sessionRow({ id: `row-${n}` }), { replaces: hashOf('old previous token') }),
      );
      assert.deepEqual(endedBy(outcomes), [{ id: 'old', userId: 'user' }]);
      assert.equal((await liveIds(sessions)).length, 50);
      assert.equal(await sessions.get('old'), null);
    },

    'give an id to one of 30 parallel inserts, and leave nothing of the others': async ({ sessions }) => {
      const rows = Array.from({ length: 30 }, (_, n) =>
        sessionRow({ id: 'a', userId: `user${n % 3}`, tokenHash: hashOf(`token ${n}`), lastSeenAt: NOW - n }),
      );
      const outcomes = await Promise.allSettled(rows.map((row) => insert(sessions, row)));
      const [winner, ...rest] = rows.filter((_, n) => outcomes[n]?.status === 'fulfilled');
      assert.deepEqual(rest, []);
      assert.deepEqual(await sessions.get('a'), winner);
      for (const row of rows) assert.deepEqual(await sessions.find(row.tokenHash), row === winner ? row : null);
      for (const userId of ['user0', 'user1', 'user2']) {
        assert.deepEqual(await listOf(sessions, userId), userId === winner?.userId ? [winner] : []);
      }
    },

    'skip and repeat none in a list that is read while others come and go': async ({ sessions }) => {
      const steady = Array.from({ length: 30 }, (_, n) => sessionRow({ id: `row-${n}`, userId: `user${n % 7}` }));
      const passing = Array.from({ length: 15 }, (_, n) => sessionRow({ id: `row-${2 * n}-passing` }));
      await given(sessions, ...steady, ...passing);
      const others = Promise.all([
        ...passing.map(({ id }) => sessions.revoke(id, null)),
        parallel(15, (n) => insert(sessions, sessionRow({ id: `row-${n}-new`, userId: `user${n}` }))),
      ]);
      const listed: string[] = [];
      for (let page = ['']; page.length > 0; listed.push(...page)) {
        page = [...idsOf(await sessions.list({ limit: 4, after: listed.at(-1) ?? null, now: NOW }))];
      }
      await others;
      assert.deepEqual(listed, [...new Set(listed)].toSorted());
      assert.deepEqual(
        listed.filter((id) => !/passing|new/.test(id)),
        sortedIds(steady),
      );
    },

    'refuse or revoke each of 50 sign-ins that all sessions are revoked amid': async ({ sessions }) => {
      const inserts = parallel(25, (n) => insert(sessions, sessionRow({ id: `early-${n}`, authenticatedAt: NOW })));
      const revoked = sessions.revokeAllForUser('user', null, NOW);
      const late = parallel(25, (n) => insert(sessions, sessionRow({ id: `late-${n}`, authenticatedAt: NOW })));
      const outcomes = [...(await inserts), ...(await late)];
      assert.equal(outcomes.filter(({ outcome }) => outcome === 'inserted').length, (await revoked).length);
      assert.deepEqual(await liveIds(sessions), []);
    },

    'give one of 50 parallel revocations the session': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const ended = await parallel(50, (n) => sessions.revoke('a', n % 2 === 0 ? null : 'user'));
      assert.deepEqual(
        ended.filter((each) => each !== null),
        [{ id: 'a', userId: 'user' }],
      );
    },

    'report each session once when all are revoked and each is': async ({ sessions }) => {
      const rows = Array.from({ length: 20 }, (_, n) => sessionRow({ id: `row-${n}` }));
      await given(sessions, ...rows);
      const [early, all, again, late] = await Promise.all([
        parallel(10, (n) => sessions.revoke(`row-${n}`, 'user')),
        sessions.revokeAllForUser('user', null, NOW),
        sessions.revokeAllForUser('user', null, NOW),
        parallel(20, (n) => sessions.revoke(`row-${n}`, null)),
      ]);
      const ended = [...early, ...all, ...again, ...late].filter((each) => each !== null);
      assert.deepEqual(sortedIds(ended), sortedIds(rows));
    },

    'bring no session back by touches around its revocation': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a' }));
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + 2 * HOUR, confirms: hashOf('a token') };
      const early = parallel(10, () => sessions.touch([touch], NOW));
      const revoked = sessions.revoke('a', null);
      const late = parallel(10, () => sessions.touch([touch], NOW));
      await Promise.all([early, late]);
      assert.deepEqual(await revoked, { id: 'a', userId: 'user' });
      assert.equal(await sessions.get('a'), null);
      assert.deepEqual(await liveIds(sessions), []);
    },

    'lose no confirmation and no time to touches beside each other': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a', tokenConfirmedAt: null }));
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null };
      await parallel(30, (n) =>
        sessions.touch(
          [{ ...touch, seenAt: NOW - n, idleExpiresAt: NOW + HOUR + n, confirms: n === 7 ? hashOf('a token') : null }],
          NOW,
        ),
      );
      const row = await sessions.get('a');
      assert.deepEqual([row?.lastSeenAt, row?.idleExpiresAt, row?.tokenConfirmedAt], [NOW, NOW + HOUR + 29, NOW - 7]);
    },

    'count each session once that several clean-ups delete at once': async ({ sessions }) => {
      const rows = Array.from({ length: 10 }, (_, n) => sessionRow({ id: `row-${n}`, expiresAt: NOW }));
      await given(sessions, ...rows);
      const counts = await parallel(5, () => sessions.deleteExpired(NOW, 0, 3));
      assert.ok(counts.every((count) => count <= 3));
      const left = (await present(sessions, ...idsOf(rows))).length;
      assert.equal(
        counts.reduce((sum, count) => sum + count, left),
        10,
      );
    },

    'keep a session that slides while a clean-up is under way, or delete it whole': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a', idleExpiresAt: NOW + 1 }));
      const touch = { id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null };
      const [deleted] = await Promise.all([sessions.deleteExpired(NOW + 1, 0, 10), sessions.touch([touch], NOW)]);
      const row = await sessions.get('a');
      assert.equal(deleted, row === null ? 1 : 0);
      assert.equal(row?.idleExpiresAt ?? null, row === null ? null : NOW + HOUR);
    },
  },
};
