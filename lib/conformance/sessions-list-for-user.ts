import { assert } from './assert.js';
import type { CaseGroup } from './case.js';
import { given, idsOf, listOf, rotatedRow, sessionRow } from './session-rows.js';
import { HOUR, MINUTE, NOW } from './setting.js';

export const sessionsListForUser: CaseGroup = {
  group: 'sessions.listForUser',
  part: 'sessions',
  cases: {
    'gives whole rows': async ({ sessions }) => {
      const row = rotatedRow({ id: 'a' });
      await given(sessions, row);
      assert.deepEqual(await listOf(sessions, 'user'), [row]);
    },

    'gives the session first that was seen last': async ({ sessions }) => {
      await given(
        sessions,
        sessionRow({ id: 'a', lastSeenAt: NOW - 2 * MINUTE, createdAt: NOW - 2 * MINUTE }),
        sessionRow({ id: 'b', lastSeenAt: NOW - MINUTE, createdAt: NOW - 9 * MINUTE }),
        sessionRow({ id: 'c', lastSeenAt: NOW - 3 * MINUTE, createdAt: NOW - MINUTE }),
      );
      assert.deepEqual(idsOf(await listOf(sessions, 'user')), ['b', 'a', 'c']);
      await sessions.touch([{ id: 'c', seenAt: NOW, idleExpiresAt: NOW + HOUR, confirms: null }], NOW);
      assert.deepEqual(idsOf(await listOf(sessions, 'user')), ['c', 'b', 'a']);
    },

    'gives the newest first of those seen at once, then goes by id in byte order': async ({ sessions }) => {
      const at = { lastSeenAt: NOW - MINUTE };
      await given(
        sessions,
        ...['b', '_', 'B', '-', 'a', '0'].map((id) => sessionRow({ id, ...at, createdAt: NOW - 5 * MINUTE })),
        sessionRow({ id: 'older', ...at, createdAt: NOW - 6 * MINUTE }),
        sessionRow({ id: 'newer', ...at, createdAt: NOW - 4 * MINUTE }),
      );
      const expected = ['newer', '-', '0', 'B', '_', 'a', 'b', 'older'];
      assert.deepEqual(idsOf(await listOf(sessions, 'user')), expected);
    },

    'leaves out a session at either of its ends, and has it 1 ms before': async ({ sessions }) => {
      await given(
        sessions,
        sessionRow({ id: 'idle', idleExpiresAt: NOW }),
        sessionRow({ id: 'ended', expiresAt: NOW }),
        sessionRow({ id: 'idle soon', idleExpiresAt: NOW + 1 }),
        sessionRow({ id: 'over soon', expiresAt: NOW + 1 }),
      );
      assert.deepEqual(idsOf(await listOf(sessions, 'user')), ['idle soon', 'over soon']);
      assert.deepEqual(idsOf(await listOf(sessions, 'user', { now: NOW + 1 })), []);
    },

    'gives no session of another user, and none for a user without one': async ({ sessions }) => {
      await given(
        sessions,
        sessionRow({ id: 'a' }),
        sessionRow({ id: 'b', userId: 'user2' }),
        sessionRow({ id: 'c', userId: 'User' }),
        sessionRow({ id: 'd', userId: 'use' }),
      );
      assert.deepEqual(idsOf(await listOf(sessions, 'user')), ['a']);
      for (const userId of ['nobody', '', 'us%', 'use_', 'a']) {
        assert.deepEqual(await listOf(sessions, userId), [], userId);
      }
    },
  },
};
