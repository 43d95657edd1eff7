import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, idsOf, present, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, hashOf, NOW } from './setting.js';

export const sessionsExpiry: CaseGroup = {
  group: 'sessions.deleteExpired',
  part: 'sessions',
  cases: {
    'deletes the sessions that are at either of their ends, and none 1 ms before': async ({ sessions }) => {
      await given(
        sessions,
        sessionRow({ id: 'live' }),
        sessionRow({ id: 'idle', idleExpiresAt: NOW }),
        sessionRow({ id: 'ended', expiresAt: NOW, userId: 'user2' }),
        sessionRow({ id: 'long over', idleExpiresAt: NOW - HOUR, expiresAt: NOW - HOUR }),
        sessionRow({ id: 'idle soon', idleExpiresAt: NOW + 1 }),
        sessionRow({ id: 'over soon', expiresAt: NOW + 1 }),
      );
      assert.equal(await sessions.deleteExpired(NOW, 0, 100), 3);
      assert.deepEqual(await present(sessions, 'live', 'idle', 'ended', 'long over', 'idle soon', 'over soon'), [
        'live',
        'idle soon',
        'over soon',
      ]);
      assert.equal(await sessions.deleteExpired(NOW + 1, 0, 100), 2);
    },

    'leaves nothing of a session to be found': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a', previousTokenHash: hashOf('previous'), idleExpiresAt: NOW });
      await given(sessions, row);
      await sessions.deleteExpired(NOW, 0, 100);
      assert.equal(await sessions.find(row.tokenHash), null);
      assert.equal(await sessions.find(hashOf('previous')), null);
      assert.equal(await sessions.revoke('a', null), null);
    },

    'deletes no more than the limit at once, and says how many': async ({ sessions }) => {
      const rows = Array.from({ length: 7 }, (_, n) => sessionRow({ id: `row-${n}`, idleExpiresAt: NOW - n }));
      await given(sessions, sessionRow({ id: 'live' }), ...rows);
      for (const [deleted, left] of [
        [3, 4],
        [3, 1],
        [1, 0],
        [0, 0],
      ]) {
        assert.equal(await sessions.deleteExpired(NOW, 0, 3), deleted);
        assert.equal((await present(sessions, ...idsOf(rows))).length, left);
      }
      assert.deepEqual(await present(sessions, 'live'), ['live']);
    },

    'deletes nothing where nothing has expired': async ({ sessions }) => {
      assert.equal(await sessions.deleteExpired(NOW, NOW, 100), 0);
      await given(sessions, sessionRow({ id: 'a' }));
      assert.equal(await sessions.deleteExpired(NOW, NOW, 100), 0);
      assert.deepEqual(await sessions.get('a'), sessionRow({ id: 'a' }));
    },

    'spares a session whose idle end has slid': async ({ sessions }) => {
      await given(sessions, sessionRow({ id: 'a', idleExpiresAt: NOW + 1 }));
      await sessions.touch([{ id: 'a', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null }], NOW);
      assert.equal(await sessions.deleteExpired(NOW + 1, 0, 100), 0);
      assert.deepEqual(await present(sessions, 'a'), ['a']);
    },
  },
};
